"""Fixtures of the live tests."""

import threading

import pytest


@pytest.fixture
def in_thread():
    """Start a function in a thread, and wait for its end after the test."""
    threads = []

    def start(work):
        threads.append(threading.Thread(target=work))
        threads[-1].start()

    yield start
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
