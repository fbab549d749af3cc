"""Claims about frames: whole or refused, however the stream is cut."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trinamo.base import WireError
from trinamo.wire import FRAME_SIZE_MAX, FrameDecoder, decode_frame, encode_frame

HEADER_SIZE = 8


@given(st.binary())
def test_a_frame_gives_back_its_payload(payload: bytes) -> None:
    assert decode_frame(encode_frame(payload)) == payload


def test_the_layout_is_length_checksum_payload() -> None:
    # The check value of CRC-32C is that of "123456789".
    assert encode_frame(b"123456789") == struct.pack(">II", 9, 0xE3069283) + b"123456789"


@given(st.binary(max_size=64), st.data())
def test_a_frame_with_one_flipped_bit_is_refused(payload: bytes, data: st.DataObject) -> None:
    frame = bytearray(encode_frame(payload))
    bit = data.draw(st.integers(0, 8 * len(frame) - 1))
    frame[bit // 8] ^= 1 << bit % 8
    with pytest.raises(WireError):
        decode_frame(bytes(frame))


@given(st.binary(max_size=64), st.data())
def test_a_frame_that_was_cut_is_refused(payload: bytes, data: st.DataObject) -> None:
    frame = encode_frame(payload)
    with pytest.raises(WireError):
        decode_frame(frame[: data.draw(st.integers(0, len(frame) - 1))])


def test_a_frame_with_bytes_behind_it_is_refused() -> None:
    with pytest.raises(WireError, match="announces 1 bytes and holds 2"):
        decode_frame(encode_frame(b"a") + b"b")


def test_a_payload_beyond_the_limit_is_not_framed() -> None:
    with pytest.raises(WireError, match="exceeds the frame limit"):
        encode_frame(bytes(FRAME_SIZE_MAX + 1))


@given(st.lists(st.binary(max_size=40), max_size=8), st.data())
def test_a_stream_gives_its_payloads_however_it_is_split(payloads: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(map(encode_frame, payloads))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    decoder, got = FrameDecoder(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        got += decoder.feed(stream[start:end])
    assert got == payloads
    assert decoder.pending == 0


@given(st.binary(max_size=40), st.data())
def test_an_incomplete_frame_is_kept_and_not_given(payload: bytes, data: st.DataObject) -> None:
    frame = encode_frame(payload)
    cut = data.draw(st.integers(0, len(frame) - 1))
    decoder = FrameDecoder()
    assert decoder.feed(frame[:cut]) == []
    assert decoder.pending == cut


def test_a_stream_announcing_too_much_is_refused_before_it_is_held() -> None:
    with pytest.raises(WireError, match="more than the limit"):
        FrameDecoder().feed(struct.pack(">II", FRAME_SIZE_MAX + 1, 0))


def test_a_stream_with_a_wrong_checksum_is_refused() -> None:
    frame = bytearray(encode_frame(b"payload"))
    frame[HEADER_SIZE] ^= 1
    with pytest.raises(WireError, match="checksum"):
        FrameDecoder().feed(bytes(frame))
