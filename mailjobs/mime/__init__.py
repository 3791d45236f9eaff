"""MIME entities: texts, files, messages and multiparts, as bytes that are ready to travel (RFC 2045 to 2049)."""

from mailjobs.mime.attached import Disposition, bytes_entity, file_entity, message_entity
from mailjobs.mime.entity import EMPTY, Entity, Field, Piece
from mailjobs.mime.media import media_type
from mailjobs.mime.multipart import multipart
from mailjobs.mime.streams import FileStream
from mailjobs.mime.texts import text_entity
from mailjobs.mime.transfer import CodedLines, Lines

__all__ = [
    "EMPTY",
    "CodedLines",
    "Disposition",
    "Entity",
    "Field",
    "FileStream",
    "Lines",
    "Piece",
    "bytes_entity",
    "file_entity",
    "media_type",
    "message_entity",
    "multipart",
    "text_entity",
]
