"""Agreement texts: publishing them, reading them, and simulating a new one."""
