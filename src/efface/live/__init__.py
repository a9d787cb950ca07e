"""Live cameras: read a stream from one address, erase every face and plate, and send it to others a
moment later."""
