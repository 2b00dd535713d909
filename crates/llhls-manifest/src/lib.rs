//! Low-Latency HLS playlists from facts about parts. Sans-IO.
