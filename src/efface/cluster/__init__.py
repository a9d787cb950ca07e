"""Work on several machines: dispatch, transfer, and recovery when a machine is lost."""
