"""What every test shares: Hypothesis without deadlines, no network for libraries that try one."""

import os
import signal

from hypothesis import settings

# A shell starts its background jobs with Ctrl-C ignored, and programs inherit that: undone here, so
# that the tests of Ctrl-C hold wherever they run.
signal.signal(signal.SIGINT, signal.default_int_handler)


# A slow moment of the machine is not a failure, and a failure must come back the same elsewhere.
settings.register_profile("dragon", deadline=None, max_examples=60, derandomize=True)
settings.load_profile("dragon")

os.environ["HF_HUB_OFFLINE"] = "1"
