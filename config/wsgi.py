"""The web process."""

import gc
import os

from django.core.wsgi import get_wsgi_application

from config.web import with_streams

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.prod")
application = with_streams(get_wsgi_application())

# A request with 500 events makes thousands of objects that all die with it. By default the collector looks at
# them every 700 objects and, now and then, at all of Django; what is loaded by now never dies, so leave it out.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 20)
