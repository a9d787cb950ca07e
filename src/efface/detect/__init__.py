"""Frames to detections. The only room that knows ONNX Runtime."""
