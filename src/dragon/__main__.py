"""`python -m dragon` is the command `dragon`."""

import sys

from dragon.cli.main import main

sys.exit(main())
