"""SUMO behind the sockets and under the comparisons."""
