"""Mail services (ESPs), by way of django-anymail: mails leave through their API, their events come in as webhooks."""
