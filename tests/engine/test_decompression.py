"""What was compressed is opened up to a limit, whole or not at all, by every codec of Kafka."""

import gzip
import struct

import cramjam
import pytest

from fairwatch.engine.decompression import GZIP, LZ4, SNAPPY, ZSTD, Decompressor, TooLargeError, UnknownCodecError

TEXT = b"abcdefghij" * 10


def xerial(*blocks: bytes) -> bytes:
    """Return snappy as Java's clients frame it."""
    packed = [bytes(cramjam.snappy.compress_raw(block)) for block in blocks]
    return b"\x82SNAPPY\x00" + struct.pack(">ii", 1, 1) + b"".join(struct.pack(">i", len(p)) + p for p in packed)


PACKED = {
    "gzip": (GZIP, gzip.compress(TEXT)),
    "gzip in two members": (GZIP, gzip.compress(TEXT[:60]) + gzip.compress(TEXT[60:])),
    "snappy": (SNAPPY, bytes(cramjam.snappy.compress_raw(TEXT))),
    "snappy in blocks": (SNAPPY, xerial(TEXT[:60], TEXT[60:])),
    "lz4": (LZ4, bytes(cramjam.lz4.compress(TEXT))),
    "zstd": (ZSTD, bytes(cramjam.zstd.compress(TEXT))),
}


@pytest.mark.parametrize("name", PACKED)
def test_what_is_as_long_as_the_limit_is_opened_and_what_is_longer_is_not(name):
    codec, data = PACKED[name]
    assert Decompressor(len(TEXT)).decompressed(codec, data) == TEXT
    for most in (len(TEXT) - 1, 61, 59):
        with pytest.raises(TooLargeError):
            Decompressor(most).decompressed(codec, data)


@pytest.mark.parametrize("name", PACKED)
def test_what_ends_too_early_is_not_opened(name):
    codec, data = PACKED[name]
    opener = Decompressor(1000)
    for cut in (1, 5, len(data) // 3):
        with pytest.raises(Exception, match=r".") as caught:
            opener.decompressed(codec, data[:-cut])
        assert not isinstance(caught.value, TooLargeError)
    assert opener.decompressed(codec, data) == TEXT, "what was wrong before is forgotten"


def test_a_gzip_that_ends_too_early_says_so():
    with pytest.raises(EOFError, match="gzip ends too early"):
        Decompressor().decompressed(GZIP, gzip.compress(TEXT)[:-4])


@pytest.mark.parametrize("length", [0, -1, 1 << 20])
def test_a_block_of_snappy_whose_length_cannot_be_is_refused(length):
    data = xerial(TEXT) + struct.pack(">i", length) + b"x"
    with pytest.raises(EOFError, match=f"has {length} bytes, 1 are left"):
        Decompressor().decompressed(SNAPPY, data)


@pytest.mark.parametrize("codec", [0, 5, 7])
def test_a_codec_that_kafka_does_not_know_is_named(codec):
    with pytest.raises(UnknownCodecError, match=f"codec {codec}"):
        Decompressor().decompressed(codec, TEXT)
