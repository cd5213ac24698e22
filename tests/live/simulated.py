"""Live sources and sinks with known answers."""

import av
import cv2
import numpy as np

from ganonymization.types import Box, Outcome
from ganonymization.video.anonymizer import AnonymizedFrame, CoveredFace, Treatment
from ganonymization.video.clip import Clip, Colours

SIZE_WH = (64, 48)


def image_of(value, size_wh=SIZE_WH):
    width, height = size_wh
    return np.full((height, width, 3), value, np.uint8)


def jpeg(value, size_wh=SIZE_WH):
    return cv2.imencode(".jpg", image_of(value, size_wh))[1].tobytes()


def picture_of(value, size_wh=SIZE_WH):
    return av.VideoFrame.from_ndarray(image_of(value, size_wh), format="rgb24")


def decode_jpegs(data):
    """Return the pictures of a stream of JPEGs."""
    parts = data.split(b"\xff\xd8\xff")[1:]
    return [cv2.imdecode(np.frombuffer(b"\xff\xd8\xff" + part, np.uint8), cv2.IMREAD_COLOR_RGB) for part in parts]


def clip_of(tmp_path, size_wh=SIZE_WH):
    return Clip(
        path=tmp_path, container="live", codec="live", size_wh=size_wh, fps=25, time_base=1, colours=Colours(range=2)
    )


class FakeAnonymizer:
    """Returns the negative of every frame, unless told to fail or to hold frames back."""

    def __init__(self, *, failures=(), holds=0):
        self.failures, self.holds, self.held, self.pushed = dict(failures), holds, [], 0

    def push(self, frame):
        self.pushed += 1
        if self.pushed in self.failures:
            raise self.failures[self.pushed]
        face = CoveredFace(1, Box(0, 0, 1, 1), Treatment.ANONYMIZE, Outcome.SYNTHESIZED)
        self.held.append(AnonymizedFrame(frame.with_image(255 - frame.image), (face,), whole=frame.corrupt))
        return [self.held.pop(0)] if len(self.held) > self.holds else []

    def flush(self):
        held, self.held = self.held, []
        return held


class FakeSink:
    """Remembers what it was given."""

    def __init__(self):
        self.images, self.times, self.is_closed = [], [], False

    def write(self, image, time_s):
        self.images.append(image.copy())
        self.times.append(time_s)

    def close(self):
        self.is_closed = True

    @property
    def values(self):
        """The grey of each plain picture; None for one with text."""
        return [int(image[0, 0, 0]) if (image == image[0, 0, 0]).all() else None for image in self.images]
