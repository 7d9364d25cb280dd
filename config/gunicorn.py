"""The web process of a deployment. `manage.py up` passes its own few options instead."""

import multiprocessing
import os

bind = "0.0.0.0:8000"
worker_class = "config.web.Worker"  # gthread, and streams leave its threads
workers = int(os.environ.get("WEB_PROCESSES", 0)) or multiprocessing.cpu_count() + 1
threads = int(os.environ.get("WEB_THREADS", 8))
timeout = 60  # seconds without a sign of life from a process
graceful_timeout = 25  # below the 30 s an orchestrator waits before it kills
keepalive = 30  # longer than a proxy keeps an idle connection, so that the proxy closes first
max_requests = 10_000  # a leak in some library stays small
max_requests_jitter = 1_000
preload_app = True  # processes share memory, and a broken setting shows before the old ones stop
control_socket_disable = True
worker_tmp_dir = "/dev/shm"  # noqa: S108  # processes prove their life without waiting for a disk
accesslog = "-"
