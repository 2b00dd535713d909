//! Live streams: bytes, playlists, waiters and compression behind two handles.
