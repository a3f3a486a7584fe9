"""The site file: what this gateway reads, keeps and sends."""
