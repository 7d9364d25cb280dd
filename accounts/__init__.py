"""Who you are: users, roles, teams, sign-in, API tokens, the organisation, and the shell every page shares.

The ground floor: every other app may import it, and it imports none of them.
"""
