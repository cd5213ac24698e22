"""Live, with the networks of the package, from pipe to pipe, on the sample photo."""

import functools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from simulated import decode_jpegs
from typer.testing import CliRunner

from ganonymization.cli import app, live
from ganonymization.detect import CenterFace
from ganonymization.files import read_picture
from ganonymization.live import open_sink, read_pictures
from ganonymization.live.cover import cover_frame
from ganonymization.obscure import FILL
from ganonymization.onnx import Runtime
from ganonymization.weights import locate

pytestmark = pytest.mark.slow

SAMPLE = Path(__file__).parents[2] / "examples" / "astronaut.jpg"
SIZE_PX = 256


@pytest.fixture(scope="module")
def sample():
    locate("generator")
    image = read_picture(SAMPLE).image
    return cv2.resize(image, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_AREA)


def drain(descriptor, collected):
    while data := os.read(descriptor, 65536):
        collected.extend(data)


def feed(descriptor, chunks):
    with os.fdopen(descriptor, "wb", buffering=0) as stream:
        for chunk in chunks:
            stream.write(chunk)
            time.sleep(0.1)


@pytest.fixture
def pipes(monkeypatch):
    """Two pipes in the place of stdin and stdout; give what is to be fed, get what came out."""
    in_reader, in_writer = os.pipe()
    out_reader, out_writer = os.pipe()
    collected = bytearray()
    monkeypatch.setattr(live, "read_pictures", functools.partial(read_pictures, descriptor=in_reader))
    monkeypatch.setattr(live, "open_sink", functools.partial(open_sink, descriptor=out_writer))

    def run(chunks, *words):
        threads = [
            threading.Thread(target=feed, args=(in_writer, chunks)),
            threading.Thread(target=drain, args=(out_reader, collected)),
        ]
        for thread in threads:
            thread.start()
        result = CliRunner().invoke(app, ["run", "-", *map(str, words)], catch_exceptions=False)
        os.close(out_writer)
        for thread in threads:
            thread.join(20)
        return result, bytes(collected)

    yield run
    for descriptor in (in_reader, out_reader):
        os.close(descriptor)


def jpeg_of(image):
    return cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()


def face_of(image):
    (face,) = CenterFace.load(runtime=Runtime(threads=1))(image)
    return face.box


def is_cover(image):
    return np.abs(image[:8].astype(int) - FILL).max() < 8


def test_no_frame_from_stdin_to_stdout_shows_the_face(sample, pipes, tmp_path):
    box = face_of(sample)
    rows, columns = slice(int(box.top), int(box.bottom)), slice(int(box.left), int(box.right))
    garbage = np.random.default_rng(0).integers(0, 255, 3000, np.uint8).tobytes()
    chunks = [jpeg_of(sample)] * 6 + [garbage] + [jpeg_of(sample)] * 6

    result, data = pipes(chunks, "-o", "-", "--identity", 3, "--threads", 1, "--receipt", tmp_path / "r.json")

    assert result.exit_code == 0
    images = decode_jpegs(data)
    assert is_cover(images[0])
    shown = [image for image in images if not is_cover(image)]
    assert len(shown) >= 3
    for image in shown:
        change = np.abs(image[rows, columns].astype(int) - sample[rows, columns]).mean()
        assert change > 12
        away = np.abs(image[-60:, :60].astype(int) - sample[-60:, :60]).mean()
        assert away < 8
    clip = json.loads((tmp_path / "r.json").read_text())["files"][0]["clip"]
    assert clip["tracks"][0]["synthesized"] >= 3
    assert clip["tracks"][0]["identity_distance"] > clip["tracks"][0]["identity_threshold"]
    assert "latency" in result.stderr


def test_garbage_alone_is_an_error_and_nothing_comes_out(sample, pipes):
    del sample
    result, data = pipes([b"no video at all" * 200], "-o", "-", "--threads", 1, "--quiet")

    assert result.exit_code == 1
    assert "stdin" in result.stderr
    assert data == b""


def test_a_consented_face_is_shown_and_is_not_at_first(sample, pipes):
    """Live there is one view at first, which is not enough; the second one comes two seconds later."""
    result, data = pipes([jpeg_of(sample)] * 5, "-o", "-", "--threads", 1, "--keep", SAMPLE)

    assert result.exit_code == 0
    box = face_of(sample)
    rows, columns = slice(int(box.top), int(box.bottom)), slice(int(box.left), int(box.right))
    shown = [image for image in decode_jpegs(data) if not is_cover(image)]
    assert np.abs(shown[0][rows, columns].astype(int) - sample[rows, columns]).mean() > 12


def test_a_cover_is_told_from_a_picture(sample):
    assert is_cover(cover_frame((SIZE_PX, SIZE_PX), "starting"))
    assert not is_cover(sample)


def test_ctrl_c_finishes_the_recording(sample, tmp_path):
    command = [sys.executable, "-m", "ganonymization", "run", "-", "-o", str(tmp_path / "a.mp4"), "--threads", "1"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as program:  # noqa: S603 - our own words
        deadline_s = time.monotonic() + 30
        while not (parts := list(tmp_path.glob("*.part"))) or parts[0].stat().st_size < 1000:
            assert time.monotonic() < deadline_s
            program.stdin.write(jpeg_of(sample))
            program.stdin.flush()
            time.sleep(0.05)
        program.send_signal(signal.SIGINT)
        _, told = program.communicate(timeout=20)

    assert program.returncode == 0
    assert b"was shown on" in told
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
    with av.open(tmp_path / "a.mp4") as container:
        assert len(list(container.decode(video=0))) >= 1
