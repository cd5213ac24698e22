"""Make tiny clips: a moving white square on a gradient, and a sine."""

from fractions import Fraction

import av
import numpy as np

SOUND_HZ = 44100
TWO_SECONDS = range(50)


def draw(number, size_wh=(64, 48)):
    """Return the picture with a number, (H, W, 3) uint8 RGB; no two of the first 80 are alike."""
    width, height = size_wh
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0] = np.linspace(40, 200, width)
    image[..., 1] = np.linspace(40, 200, height)[:, None]
    image[..., 2] = 20 + 2 * number
    left = 4 + number % 40
    image[20:30, left : left + 12] = 230
    return image


def make(
    path,
    *,
    codec="libx264",
    sound="aac",
    size_wh=(64, 48),
    pixel_format="yuv420p",
    fps=25,
    stamps=TWO_SECONDS,
    time_base=None,
    sound_s=2.0,
    options=None,
    container_options=None,
    tune=None,
    metadata=None,
    last_duration=1,
):
    """Write a clip whose pictures are shown at `stamps`, in ticks of `time_base`."""
    fps = Fraction(fps)
    with av.open(path, "w", container_options=container_options or {}) as output:
        output.metadata.update(metadata or {})
        stream = output.add_stream(codec, rate=fps, options=options or {"crf": "10"})
        stream.width, stream.height = size_wh
        stream.pix_fmt = pixel_format
        stream.codec_context.time_base = Fraction(time_base or 1 / fps)
        if tune is not None:
            tune(stream)
        voice = output.add_stream(sound, rate=SOUND_HZ, layout="mono") if sound else None
        for number, stamp in enumerate(stamps):
            picture = av.VideoFrame.from_ndarray(draw(number, size_wh), format="rgb24")
            picture.pts, picture.duration = stamp, last_duration
            picture.time_base = stream.codec_context.time_base
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
        if voice is not None:
            hum(output, voice, sound_s)
    return path


def hum(output, voice, seconds):
    samples = np.sin(np.arange(int(SOUND_HZ * seconds)) * 0.06)[None] * 0.3
    is_float = voice.codec_context.format.name == "fltp"
    samples = samples.astype(np.float32) if is_float else (samples * 32767).astype(np.int16)
    sound = av.AudioFrame.from_ndarray(samples, format="fltp" if is_float else "s16", layout="mono")
    sound.sample_rate, sound.pts = SOUND_HZ, 0
    output.mux(voice.encode(sound))
    output.mux(voice.encode(None))


def packets(path, kind):
    """Return payload and time of every packet of a kind."""
    with av.open(path) as container:
        streams = [stream for stream in container.streams if stream.type == kind]
        if not streams:
            return []
        return [(bytes(packet), packet.pts * packet.time_base) for packet in container.demux(*streams) if packet.size]


def damage(source, target, numbers):
    """Copy the pictures of a clip, and overwrite the packets with these numbers from the middle on."""
    with av.open(source) as reader, av.open(target, "w") as writer:
        stream = reader.streams.video[0]
        copy = writer.add_stream_from_template(stream)
        for number, packet in enumerate(packet for packet in reader.demux(stream) if packet.size):
            damaged = packet
            if number in numbers:
                data = bytes(packet)
                damaged = av.Packet(data[: len(data) // 3] + bytes(len(data) - len(data) // 3))
                damaged.pts, damaged.dts, damaged.time_base = packet.pts, packet.dts, packet.time_base
                damaged.duration, damaged.is_keyframe = packet.duration, packet.is_keyframe
            damaged.stream = copy
            writer.mux(damaged)
    return target


def cut(path, share):
    """Keep the first part of a file."""
    data = path.read_bytes()
    shorter = path.with_stem(f"{path.stem}-cut")
    shorter.write_bytes(data[: int(len(data) * share)])
    return shorter


def psnr(image, other):
    error = np.mean((image.astype(np.float64) - other) ** 2)
    return 10 * np.log10(255**2 / max(error, 1e-9))
