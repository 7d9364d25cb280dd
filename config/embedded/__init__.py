"""PostgreSQL and Valkey for a machine that has neither, and the supervisor behind `manage.py up`.

Owns the two servers started from wheels, their files in `.local/`, and the processes of a development start.
Never imported by an app, never used in a deployment, and free of Django: what starts the database must not
need one.
"""
