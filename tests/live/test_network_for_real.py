"""A camera on the network, for real: FFmpeg sends H.264 and sound over TCP, goes away, and comes back."""

import socket
import subprocess
import sys
import time

import numpy as np
import pytest
from simulated import FakeAnonymizer, FakeSink

from ganonymization.live import Grabber, Retry, read_pictures
from ganonymization.live.address import parse_source
from ganonymization.live.relay import RelayOptions, relay

pytestmark = pytest.mark.slow

SENDER = """
import sys, time
import av, numpy as np
url, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with av.open(url, "w", format="mpegts") as output:
    stream = output.add_stream("libx264", rate=25, options={"tune": "zerolatency", "preset": "ultrafast", "g": "5"})
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    sound = output.add_stream("aac", rate=44100, layout="mono")
    for number in range(first, first + count):
        picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 10 * number, np.uint8), format="rgb24")
        output.mux(stream.encode(picture))
        hum = av.AudioFrame.from_ndarray(np.zeros((1, 1764), np.float32), format="fltp", layout="mono")
        hum.sample_rate, hum.pts = 44100, 1764 * (number - first)
        output.mux(sound.encode(hum))
        time.sleep(0.06)
"""


@pytest.fixture
def sender():
    """Start a program that sends plain pictures, ten levels brighter each, to whoever connects."""
    programs = []

    def start(port, *, first=1, count=12):
        url = f"tcp://127.0.0.1:{port}?listen=1"
        words = [sys.executable, "-c", SENDER, url, str(first), str(count)]
        programs.append(subprocess.Popen(words, stderr=subprocess.DEVNULL))  # noqa: S603 - our own words
        return programs[-1]

    yield start
    for program in programs:
        program.kill()
        program.wait(10)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def levels(sink):
    """The grey of each plain picture that was anonymized, as it was sent."""
    plain = [image for image in sink.images if np.ptp(image) < 12]
    return [255 - int(np.median(image)) for image in plain]


def show(port, *, retry=None, on_status=lambda _: None):
    source, sink = parse_source(f"tcp://127.0.0.1:{port}"), FakeSink()
    report = relay(
        Grabber(lambda: read_pictures(source, timeout_s=8), retry=retry),
        lambda _: FakeAnonymizer(holds=2),
        lambda _: sink,
        options=RelayOptions(first_s=20, stall_s=0.4, status_s=0.05),
        on_status=on_status,
    )
    return sink, report


def test_pictures_from_the_network_are_shown_anonymized_in_order_to_the_last(sender):
    port = free_port()
    sender(port)
    wait_until_it_listens(port)

    sink, report = show(port)

    shown = levels(sink)
    assert shown == sorted(shown)
    assert len(shown) >= 6
    assert shown[-1] == pytest.approx(120, abs=4)
    assert report.size_wh == (64, 48)
    assert report.faults == 0


def test_a_sender_that_goes_away_is_covered_and_shown_again_when_it_is_back(sender):
    port = free_port()
    first = sender(port, count=6)
    again = []

    def come_back(_status):
        if first.poll() is not None and not again:
            again.append(sender(port, first=13, count=6))

    wait_until_it_listens(port)

    sink, report = show(
        port,
        retry=Retry(first_pause_s=0.3, longest_pause_s=0.5, give_up_s=4),
        on_status=come_back,
    )

    shown = levels(sink)
    assert min(shown) < 70
    assert max(shown) == pytest.approx(180, abs=4)
    assert report.status.reconnects >= 1
    assert report.status.covered >= 2, "the first picture, and while nobody sent"
    assert "did not come back" in report.error or "cannot be read" in report.error


def wait_until_it_listens(port, *, timeout_s=30):
    """Look into the kernel's table of sockets: to connect would take the one connection that the sender accepts."""
    deadline_s = time.monotonic() + timeout_s
    with open("/proc/net/tcp") as table:  # noqa: PTH123 - no file of ours
        while f":{port:04X} 00000000:0000 0A" not in table.read():
            assert time.monotonic() < deadline_s
            time.sleep(0.05)
            table.seek(0)
