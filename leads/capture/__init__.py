"""What arrives from outside: bodies, Segment messages, traits. Pure up to the views, which are its doors."""
