"""Frames to detections. This is the only package that uses ONNX Runtime."""
