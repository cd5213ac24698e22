"""`ganonymize run`: what it writes where, what it says, and how it ends."""

import json
import os
import stat
import sys
import zlib
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from ganonymization import presets
from ganonymization.cli import run, run_files
from ganonymization.decide import anonymize_everybody
from ganonymization.errors import WeightsError
from ganonymization.files import DEFAULT_MAX_PIXELS, Metadata, read_picture
from ganonymization.onnx import Provider, Runtime
from ganonymization.types import Region, Tone, Traits


def tree(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def rows(output):
    """Return the words of each row of the table, by the file's name."""
    return {words[0]: words[1:] for words in (line.split() for line in output.splitlines()) if len(words) > 1}


def assert_negative(result, source):
    np.testing.assert_array_equal(read_picture(result).image, 255 - read_picture(source).image)


class TestWhereResultsGo:
    def test_beside_the_source_without_out(self, ganonymize, photo, tmp_path):
        source = photo("a.png")

        assert ganonymize("run", source).exit_code == 0

        assert set(tree(tmp_path)) == {"a.png", "a.anonymized.png"}
        assert_negative(tmp_path / "a.anonymized.png", source)

    def test_into_a_file_for_one_file(self, ganonymize, photo, tmp_path):
        assert ganonymize("run", photo("a.png"), "-o", tmp_path / "new" / "b.tif").exit_code == 0

        assert_negative(tmp_path / "new" / "b.tif", tmp_path / "a.png")

    @pytest.mark.parametrize("out", ["out", "out.d/", "there"])
    def test_into_a_folder_for_one_file(self, ganonymize, photo, tmp_path, out):
        (tmp_path / "there").mkdir()

        assert ganonymize("run", photo("a.png"), "-o", f"{tmp_path}/{out}").exit_code == 0

        assert_negative(tmp_path / out / "a.png", tmp_path / "a.png")

    def test_into_a_folder_with_the_structure_and_names_of_the_input(self, ganonymize, photo, tmp_path):
        names = ("in/a.png", "in/2024/b c.png", "in/2024/may/Zoë 母.png")
        sources = [photo(name) for name in names]
        (tmp_path / "in" / "notes.txt").touch()

        assert ganonymize("run", tmp_path / "in", sources[0], "-o", tmp_path / "out").exit_code == 0

        assert set(tree(tmp_path / "out")) == {"a.png", "2024/b c.png", "2024/may/Zoë 母.png"}
        for source in sources:
            assert_negative(tmp_path / "out" / source.relative_to(tmp_path / "in"), source)

    @pytest.mark.parametrize(
        ("words", "result"),
        [([], "a.anonymized.png"), (["--isolated"], "a.face1.png"), (["-o", "in/out"], "out/a.png")],
    )
    def test_a_second_run_does_not_take_results_for_sources(
        self, ganonymize, photo, tmp_path, monkeypatch, words, result
    ):
        photo("in/a.png")
        monkeypatch.chdir(tmp_path)
        for _ in range(2):
            assert ganonymize("run", "in", "--overwrite", *words).exit_code == 0

        assert set(tree(tmp_path / "in")) == {"a.png", result}

    def test_isolated_faces_are_numbered(self, ganonymize, photo, tmp_path):
        result = ganonymize("run", photo("a.jpg", quality=100, subsampling=0, replaced=3, covered=0), "--isolated")

        assert result.exit_code == 0
        written = sorted(set(tree(tmp_path)) - {"a.jpg"})
        assert written == [f"a.face{number}.png" for number in range(1, len(written) + 1)]
        for number, name in enumerate(written, start=1):
            np.testing.assert_array_equal(read_picture(tmp_path / name).image, np.full((8, 8, 3), 10 * number))

    def test_isolated_faces_go_into_a_folder(self, ganonymize, photo, tmp_path):
        photo("in/x/a.png", replaced=2)

        ganonymize("run", tmp_path / "in", "--isolated", "-o", tmp_path / "out")

        assert set(tree(tmp_path / "out")) == {"x/a.face1.png", "x/a.face2.png"}


class TestWhatIsTold:
    def test_the_table_counts_faces_by_outcome(self, ganonymize, photo):
        result = ganonymize("run", photo("a.png", replaced=2, covered=1), photo("b.png", replaced=0))

        table = rows(result.stdout)
        assert table["file"] == ["faces", "synthesized", "obscured", "seconds"]
        assert table["a.png"][:3] == ["3", "2", "1"]
        assert table["b.png"][:3] == ["0", "0", "0"]
        assert float(table["a.png"][3]) >= 0
        assert table["2"][:6] == ["of", "2", "pictures", "3", "2", "1"]
        assert result.stderr == ""

    def test_a_failed_file_stands_in_the_table_as_failed(self, ganonymize, photo, tmp_path):
        result = ganonymize("run", photo("a.png"), tmp_path / "none.png")

        assert rows(result.stdout)["none.png"] == ["failed"]
        assert rows(result.stdout)["1"][:3] == ["of", "2", "pictures"]

    def test_cutouts_are_counted_without_outcomes(self, ganonymize, photo):
        assert rows(ganonymize("run", photo("a.png", replaced=2), "--isolated").stdout)["a.png"][:3] == ["2", "-", "-"]

    def test_quiet_prints_errors_only(self, ganonymize, photo, tmp_path):
        result = ganonymize("run", photo("a.png"), tmp_path / "none.png", "--quiet")

        assert result.stdout == ""
        assert result.stderr.splitlines() == [
            f"error: {tmp_path}/none.png: cannot be opened (No such file or directory); check its name and permissions"
        ]

    def test_names_cannot_write_to_the_terminal(self, ganonymize, photo):
        result = ganonymize("run", photo("[red]\x1b[2J\n:smile:.png"))

        assert "\x1b" not in result.stdout
        assert r"[red]\x1b[2J\n:smile:.png" in result.stdout

    def test_names_that_are_no_unicode_are_printed_and_written(self, ganonymize, photo, tmp_path):
        source = photo("a.png").rename(tmp_path / os.fsdecode(b"caf\xe9.png"))

        result = ganonymize("run", source, "--receipt", tmp_path / "r.json")

        assert result.exit_code == 0
        assert r"caf\udce9.png" in result.stdout
        assert json.loads((tmp_path / "r.json").read_text())["files"][0]["face_count"] == 1


class TestOptions:
    def test_they_reach_the_preset(self, ganonymize, photo, fakes):
        shape = ["--strength", 0.25, "--region", "head", "--tone", "any", "--traits", "any"]
        search = ["--min-face", 30, "--threshold", 0.6]
        ganonymize("run", photo(), *shape, *search, "--provider", "cuda", "--threads", 3)

        assert fakes[0][0].preset == "default"
        assert fakes[0][0].arguments == {
            "runtime": Runtime(Provider.CUDA, 3),
            "threshold": 0.6,
            "min_face_px": 30,
            "strength": 0.25,
            "region": Region.HEAD,
            "tone": Tone.ANY,
            "traits": Traits.ANY,
            "decide": anonymize_everybody,
        }

    def test_obscure_only_takes_the_other_preset(self, ganonymize, photo, fakes):
        ganonymize("run", photo(), "--obscure-only", "--threshold", "0.1")

        assert fakes[0][0].preset == "obscure_only"
        assert fakes[0][0].arguments == {"runtime": Runtime(), "threshold": 0.1, "min_face_px": 16}

    def test_an_identity_is_passed_to_every_picture(self, ganonymize, photo, fakes):
        ganonymize("run", photo("a.png"), photo("b.png"), "--identity", 7)

        assert fakes[0][0].identities == [7, 7]

    def test_random_identities_differ_between_pictures_and_runs(self, ganonymize, photo, fakes):
        for _ in range(2):
            ganonymize("run", photo("a.png"), photo("b.png"), "--overwrite")

        drawn = [identity for fake in fakes[0] for identity in fake.identities]
        assert len(set(drawn)) == 4
        assert all(0 <= identity < 2**31 for identity in drawn)

    def test_the_defaults_of_the_library_are_those_of_the_help(self):
        defaults = run.run.__kwdefaults__

        assert defaults["threshold"] == presets.DEFAULT_THRESHOLD
        assert defaults["min_face"] == presets.DEFAULT_MIN_FACE_PX
        assert defaults["max_pixels"] == DEFAULT_MAX_PIXELS
        assert defaults["metadata"] == Metadata.NONE.value
        assert defaults["region"] == Region.FACE.value
        assert defaults["tone"] == Tone.MATCH.value
        assert defaults["traits"] == Traits.MATCH.value

    def test_the_choices_are_those_of_the_library(self):
        def choices(name):
            return set(run.run.__annotations__[name].__origin__.__args__)

        assert choices("region") == {region.value for region in Region}
        assert choices("tone") == {tone.value for tone in Tone}
        assert choices("traits") == {traits.value for traits in Traits}
        assert choices("provider") == {provider.value for provider in Provider}
        assert choices("metadata") == {metadata.value for metadata in Metadata}

    def test_metadata_is_removed_unless_asked_for(self, ganonymize, photo, tmp_path):
        exif = PIL.Image.Exif()
        exif[0x0110] = "Phone 9"
        source = photo("a.jpg", replaced=0, exif=exif)

        ganonymize("run", source, "-o", tmp_path / "none.jpg")
        ganonymize("run", source, "-o", tmp_path / "all.jpg", "--metadata", "all-but-location")

        assert b"Phone 9" not in (tmp_path / "none.jpg").read_bytes()
        assert b"Phone 9" in (tmp_path / "all.jpg").read_bytes()

    def test_a_limit_of_pixels_is_obeyed(self, ganonymize, photo, tmp_path):
        result = ganonymize("run", photo(), "--max-pixels", 100)

        assert result.exit_code == 1
        assert "a.png: is too large to be decoded (384 pixels; the limit is 100); raise --max-pixels" in result.stderr
        assert set(tree(tmp_path)) == {"a.png"}


class TestWrongUsage:
    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (
                ["--identity", "seven"],
                "--identity is 'seven'; give per-track, per-file, random, or a number from 0 to 2147483647",
            ),
            (["--identity", "-1"], "--identity is '-1'"),
            (["--identity", "2147483648"], "--identity is '2147483648'"),
            (["--isolated", "--obscure-only"], "exclude each other"),
            (["--receipt", "a.txt"], "ends in .json"),
            (["--strength", "2"], "--strength"),
            (["--region", "nose"], "nose"),
            (["--min-face", "0"], "--min-face"),
            (["--isolated", "-o", "b.png"], "give a folder"),
            (["--frobnicate"], "No such option"),
        ],
    )
    def test_it_exits_with_2_and_does_nothing(self, ganonymize, photo, fakes, tmp_path, monkeypatch, words, message):
        monkeypatch.chdir(tmp_path)
        result = ganonymize("run", photo(), *words)

        assert result.exit_code == 2
        assert message in " ".join(result.stderr.split())
        assert fakes[0] == []
        assert set(tree(tmp_path)) == {"a.png"}

    @pytest.mark.parametrize("out", ["b.png", "existing.txt"])
    def test_several_inputs_do_not_fit_into_a_file(self, ganonymize, photo, tmp_path, out):
        (tmp_path / "existing.txt").touch()
        result = ganonymize("run", photo("a.png"), photo("c.png"), "-o", tmp_path / out)

        assert result.exit_code == 2
        assert "give a folder" in " ".join(result.stderr.split())

    def test_no_input_is_wrong_usage(self, ganonymize):
        assert ganonymize("run").exit_code == 2


def write_bomb(path):
    header = b"IHDR" + (50_000).to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"
        + header
        + zlib.crc32(header).to_bytes(4, "big")
        + b"\x00\x00\x00\x63IDAT"
        + bytes(99)
    )


def write_truncated(path):
    PIL.Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:-2000])


def write_animation(path):
    frames = [PIL.Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(path, save_all=True, append_images=frames[1:])


BAD_FILES = {
    "empty.jpg": (Path.touch, "is empty", "get a whole copy"),
    "text.jpg": (lambda path: path.write_text("hello"), "is no picture that can be read", "JPEG, PNG"),
    "short.jpg": (write_truncated, "is damaged or cut short", "get a whole copy"),
    "short.png": (write_truncated, "is damaged or cut short", "get a whole copy"),
    "bomb.png": (write_bomb, "is too large to be decoded", "raise --max-pixels"),
    "moving.png": (write_animation, "is animated", "as MP4, GIF or WebP"),
    "short.mp4": (lambda path: path.write_bytes(b"no film"), "is no video that can be read", "MP4, MOV"),
    "loop.jpg": (lambda path: path.symlink_to(path), "cannot be opened", "check its name"),
    "lost.jpg": (lambda path: path.symlink_to("nowhere.jpg"), "cannot be opened", "check its name"),
}


class TestBadInput:
    @pytest.mark.parametrize("name", BAD_FILES)
    def test_it_is_named_the_rest_goes_on_and_the_status_says_so(self, ganonymize, photo, tmp_path, name):
        make, fault, remedy = BAD_FILES[name]
        photo("in/a.png")
        photo("in/z.png")
        make(tmp_path / "in" / name)

        result = ganonymize("run", tmp_path / "in", "-o", tmp_path / "out")

        assert result.exit_code == 1
        (line,) = result.stderr.splitlines()
        assert line.startswith(f"error: {tmp_path / 'in' / name}: {fault}")
        assert remedy in line
        assert set(tree(tmp_path / "out")) == {"a.png", "z.png"}

    def test_an_unreadable_folder_is_named_and_the_rest_goes_on(self, ganonymize, photo, tmp_path, monkeypatch):
        """The operating system is played: tests may run as root, whom no permission stops."""
        photo("in/a.png")
        photo("in/locked/b.png")
        scandir = os.scandir

        def refuse(folder):
            if Path(folder).name == "locked":
                raise PermissionError(13, "Permission denied", str(folder))
            return scandir(folder)

        monkeypatch.setattr(os, "scandir", refuse)
        result = ganonymize("run", tmp_path / "in", "-o", tmp_path / "out")

        assert result.exit_code == 1
        assert result.stderr.startswith(f"error: {tmp_path}/in/locked: cannot be searched (Permission denied); check")
        assert rows(result.stdout)["in/locked"] == ["failed"]
        monkeypatch.undo()
        assert set(tree(tmp_path / "out")) == {"a.png"}

    def test_a_folder_without_pictures_is_an_error(self, ganonymize, tmp_path):
        (tmp_path / "in").mkdir()

        result = ganonymize("run", tmp_path / "in")

        assert result.exit_code == 1
        assert "in: holds no pictures to be anonymized" in result.stderr

    def test_a_picture_of_one_pixel_is_anonymized(self, ganonymize, tmp_path):
        PIL.Image.new("RGB", (1, 1), (0, 0, 9)).save(tmp_path / "a.png")

        assert ganonymize("run", tmp_path / "a.png").exit_code == 0
        assert read_picture(tmp_path / "a.anonymized.png").image.tolist() == [[[255, 255, 246]]]

    @pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
    def test_every_kind_of_pixels_is_anonymized(self, ganonymize, tmp_path, mode):
        suffix = ".tif" if mode == "CMYK" else ".png"
        PIL.Image.new(mode, (8, 8)).save(tmp_path / f"a{suffix}")

        assert ganonymize("run", tmp_path / f"a{suffix}").exit_code == 0
        assert (
            read_picture(tmp_path / f"a.anonymized{suffix}").image == 255 - read_picture(tmp_path / f"a{suffix}").image
        ).all()

    def test_a_turned_picture_comes_out_upright(self, ganonymize, photo, tmp_path):
        exif = PIL.Image.Exif()
        exif[0x0112] = 6
        ganonymize("run", photo("a.jpg", replaced=0, exif=exif), "--metadata", "all")

        with PIL.Image.open(tmp_path / "a.anonymized.jpg") as image:
            assert image.size == (16, 24)
            assert 0x0112 not in image.getexif()

    def test_no_face_writes_the_picture_without_metadata_and_says_0(self, ganonymize, photo, tmp_path):
        exif = PIL.Image.Exif()
        exif[0x0110] = "Phone 9"

        result = ganonymize("run", photo("a.jpg", replaced=0, exif=exif))

        assert result.exit_code == 0
        assert rows(result.stdout)["a.jpg"][:3] == ["0", "0", "0"]
        assert b"Phone 9" not in (tmp_path / "a.anonymized.jpg").read_bytes()


class TestBadOutput:
    def test_an_existing_result_is_refused_before_the_work(self, ganonymize, photo, fakes, tmp_path):
        (tmp_path / "a.anonymized.png").write_text("precious")
        result = ganonymize("run", photo())

        assert result.exit_code == 1
        assert "a.anonymized.png: exists already; take another name with -o, or --overwrite" in result.stderr
        assert (tmp_path / "a.anonymized.png").read_text() == "precious"
        assert fakes[0][0].identities == []
        assert ganonymize("run", tmp_path / "a.png", "--overwrite").exit_code == 0
        assert_negative(tmp_path / "a.anonymized.png", tmp_path / "a.png")

    @pytest.mark.parametrize("overwrite", [[], ["--overwrite"]])
    def test_out_equal_to_input_is_refused(self, ganonymize, photo, tmp_path, overwrite):
        photo("in/a.png")
        (tmp_path / "in" / "sub").mkdir()
        (tmp_path / "soft").symlink_to(tmp_path / "in")
        before = tree(tmp_path)

        for words in (
            [tmp_path / "in" / "a.png", "-o", tmp_path / "in" / "a.png"],
            [tmp_path / "in" / "a.png", "-o", tmp_path / "in" / "sub" / ".." / "a.png"],
            [tmp_path / "in" / "a.png", "-o", tmp_path / "in"],
            [tmp_path / "in", "-o", tmp_path / "in"],
            [tmp_path / "in", "-o", tmp_path / "soft"],
            [tmp_path / "soft" / "a.png", "-o", tmp_path / "in" / "a.png"],
        ):
            result = ganonymize("run", *words, *overwrite)

            assert result.exit_code == 1
            assert "is an input, and inputs are never overwritten" in result.stderr
            assert tree(tmp_path) == before

    def test_another_input_is_not_overwritten_either(self, ganonymize, photo, tmp_path):
        first, second = photo("x/a.png"), photo("a.png", replaced=3)
        before = tree(tmp_path)

        result = ganonymize("run", first, second, "-o", tmp_path, "--overwrite")

        assert result.exit_code == 1
        assert tree(tmp_path) == before

    def test_a_cutout_does_not_overwrite_an_input(self, ganonymize, photo, tmp_path):
        cutout = photo("a.face1.png", replaced=0)
        before = cutout.read_bytes()

        result = ganonymize("run", photo("a.png", replaced=2), cutout, "--isolated", "--overwrite")

        assert result.exit_code == 1
        assert "a.face1.png: is an input" in result.stderr
        assert cutout.read_bytes() == before
        assert set(tree(tmp_path)) == {"a.png", "a.face1.png"}

    def test_of_two_pictures_with_one_target_the_second_is_refused(self, ganonymize, photo, tmp_path):
        first, second = photo("x/a.png"), photo("y/a.png", replaced=3)

        result = ganonymize("run", first, second, "-o", tmp_path / "out", "--overwrite")

        assert result.exit_code == 1
        assert f"error: {second}: would be written to {tmp_path}/out/a.png, as would {first}" in result.stderr
        assert_negative(tmp_path / "out" / "a.png", first)

    def test_a_format_that_cannot_be_written_is_refused(self, ganonymize, photo, tmp_path):
        result = ganonymize("run", photo(), "-o", tmp_path / "b.docx")

        assert result.exit_code == 1
        assert "b.docx: the suffix '.docx' names no picture format" in result.stderr
        assert set(tree(tmp_path)) == {"a.png"}

    def test_a_disk_that_is_full_or_read_only_fails_the_file_and_leaves_nothing(
        self, ganonymize, photo, tmp_path, monkeypatch
    ):
        """The operating system is played here; tests/files does the same with real disks where it may mount them."""
        photo("in/a.png")
        photo("in/b.png")
        faults = iter([OSError(28, "No space left on device"), OSError(30, "Read-only file system")])

        def refuse(_):
            raise next(faults)

        monkeypatch.setattr(os, "fsync", refuse)
        result = ganonymize("run", tmp_path / "in", "-o", tmp_path / "out")

        assert result.exit_code == 1
        lines = result.stderr.splitlines()
        assert "out/a.png: cannot be written (No space left on device); free some space" in lines[0]
        assert "out/b.png: cannot be written (Read-only file system); take another folder" in lines[1]
        assert tree(tmp_path / "out") == {}

    def test_a_cutout_that_fails_takes_the_others_with_it(self, ganonymize, photo, tmp_path, monkeypatch):
        source = photo(replaced=3)
        calls = iter([None, None, OSError(28, "No space left on device")])

        def refuse(_):
            if fault := next(calls):
                raise fault

        monkeypatch.setattr(os, "fsync", refuse)

        assert ganonymize("run", source, "--isolated").exit_code == 1
        assert set(tree(tmp_path)) == {"a.png"}


class TestEnds:
    def test_missing_or_tampered_weights_are_one_line(self, ganonymize, photo, tmp_path, monkeypatch):
        def refuse(**_):
            raise WeightsError("face_mesh.onnx: weights were changed; reinstall the package")

        monkeypatch.setattr(presets, "default", refuse)
        result = ganonymize("run", photo())

        assert result.exit_code == 1
        assert result.stderr == "error: face_mesh.onnx: weights were changed; reinstall the package\n"
        assert set(tree(tmp_path)) == {"a.png"}

    def test_an_interruption_exits_with_130_and_tells_what_is_done(self, ganonymize, photo, fakes, tmp_path):
        fakes[1].update(failure=KeyboardInterrupt(), fails_at=1)
        inputs = [photo(f"in/{name}.png") for name in "abc"]

        result = ganonymize("run", *inputs, "-o", tmp_path / "out", "--receipt", tmp_path / "r.json")

        assert result.exit_code == 130
        assert "interrupted; 1 of 3 inputs are done" in result.stderr
        assert set(tree(tmp_path / "out")) == {"a.png"}
        assert [file["name"] for file in json.loads((tmp_path / "r.json").read_text())["files"]] == ["a.png"]

    def test_what_nobody_foresaw_is_raised_and_leaves_no_file(self, ganonymize, photo, fakes, tmp_path):
        fakes[1].update(failure=ZeroDivisionError(), fails_at=1)
        inputs = [photo(f"in/{name}.png") for name in "abc"]

        with pytest.raises(ZeroDivisionError):
            ganonymize("run", *inputs, "-o", tmp_path / "out", "--receipt", tmp_path / "r.json")

        assert set(tree(tmp_path / "out")) == {"a.png"}
        assert [file["name"] for file in json.loads((tmp_path / "r.json").read_text())["files"]] == ["a.png"]


class TestReceipt:
    def test_it_tells_what_was_done(self, ganonymize, photo, tmp_path):
        (tmp_path / "empty.png").touch()
        words = ["--identity", "7", "--receipt", tmp_path / "r.json"]

        result = ganonymize("run", photo(replaced=1, covered=1), tmp_path / "empty.png", *words)

        assert result.exit_code == 1
        receipt = json.loads((tmp_path / "r.json").read_text())
        done, failed = receipt["files"]
        assert [face["outcome"] for face in done["faces"]] == ["synthesized", "obscured"]
        assert done["identity"] == 7
        assert failed["name"] == "empty.png"
        assert "is empty" in failed["error"]
        assert receipt["settings"]["region"] == "face"
        assert receipt["settings"]["tone"] == "match"
        assert receipt["settings"]["traits"] == "match"

    def test_an_existing_receipt_is_refused_before_the_work(self, ganonymize, photo, fakes, tmp_path):
        (tmp_path / "r.json").write_text("precious")

        result = ganonymize("run", photo(), "--receipt", tmp_path / "r.json")

        assert result.exit_code == 1
        assert "r.json: exists already" in result.stderr
        assert set(tree(tmp_path)) == {"a.png", "r.json"}
        assert (tmp_path / "r.json").read_text() == "precious"
        assert fakes[0] == []
        assert ganonymize("run", tmp_path / "a.png", "--receipt", tmp_path / "r.json", "--overwrite").exit_code == 0

    def test_an_input_is_not_overwritten_by_a_receipt(self, ganonymize, tmp_path):
        (tmp_path / "r.json").write_text("precious")

        result = ganonymize("run", tmp_path / "r.json", "--receipt", tmp_path / "r.json", "--overwrite")

        assert result.exit_code == 1
        assert "r.json: is an input" in result.stderr
        assert (tmp_path / "r.json").read_text() == "precious"

    def test_a_receipt_that_cannot_be_written_is_a_failure(self, ganonymize, photo, tmp_path):
        (tmp_path / "file").touch()

        result = ganonymize("run", photo(), "--receipt", tmp_path / "file" / "r.json")

        assert result.exit_code == 1
        assert "r.json: cannot be written" in result.stderr
        assert (tmp_path / "a.anonymized.png").exists()


def test_the_progress_bar_counts_rates_and_estimates_on_a_terminal(ganonymize, photo, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")

    result = ganonymize("run", photo("a.png"), photo("b.png"))

    assert "2/2" in result.stderr
    assert "pictures/s" in result.stderr
    assert "0:00:00" in result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such permissions")
def test_inputs_are_left_as_they_are(ganonymize, photo):
    source = photo()
    source.chmod(stat.S_IRUSR)
    before = source.stat()

    ganonymize("run", source)

    after = source.stat()
    assert (before.st_ino, before.st_size, before.st_mtime_ns, before.st_mode) == (
        after.st_ino,
        after.st_size,
        after.st_mtime_ns,
        after.st_mode,
    )


def test_the_seeds_fit_everywhere():
    assert run_files.IDENTITY_COUNT == 2**31
