from hypothesis import settings

# No deadline: how fast a shared machine is says nothing. No database: nothing to leave behind.
settings.register_profile("default", deadline=None, database=None)
settings.load_profile("default")
