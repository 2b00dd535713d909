//! Bytes in numbered slots: many streams, many readers, typed answers.
