"""Messages as bytes: the registry, the CBOR codec, frames."""

from trinamo.wire.frame import FRAME_SIZE_MAX, FrameDecoder, decode_frame, encode_frame
from trinamo.wire.message import Message, from_wire, to_wire

__all__ = [
    "FRAME_SIZE_MAX",
    "FrameDecoder",
    "Message",
    "decode_frame",
    "encode_frame",
    "from_wire",
    "to_wire",
]
