"""The command line: one thin file a command group, loaded only when its command is called."""
