"""Where returned mails are fetched: a mail folder, a mailbox. What they mean is for nurturing.services."""
