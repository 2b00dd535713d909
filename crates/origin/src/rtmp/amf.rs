//! A look at AMF0 before it is decoded.
//!
//! The decoder of `rtmp-rs` bounds the depth and copies what references name: an array of references to
//! arrays of references fills any memory from a few hundred bytes. No encoder sends them, so what has
//! any is refused, along with whatever the decoder would only guess at.

use crate::rtmp::error::RtmpError;

/// The deepest nesting that is let through. Encoders use two levels.
const DEEPEST: usize = 16;

/// What is open while values are walked.
enum Open {
    /// Keys and values up to the empty key.
    Object,
    /// So many values.
    Array(u32),
}

/// Walks all values of a message, without recursion. Linear in the bytes.
pub(super) fn check(mut bytes: &[u8]) -> Result<(), RtmpError> {
    let mut open: Vec<Open> = Vec::new();
    loop {
        match open.last_mut() {
            None if bytes.is_empty() => return Ok(()),
            None => {}
            Some(Open::Array(0)) => {
                open.pop();
                continue;
            }
            Some(Open::Array(left)) => *left -= 1,
            Some(Open::Object) => {
                let length = usize::from(u16::from_be_bytes(take(&mut bytes)?));
                if length == 0 {
                    if take::<1>(&mut bytes)? != [0x09] {
                        return Err(RtmpError::Amf);
                    }
                    open.pop();
                    continue;
                }
                skip(&mut bytes, length)?;
            }
        }
        let [marker] = take(&mut bytes)?;
        match marker {
            // Number, boolean, null, undefined, unsupported.
            0x00 => skip(&mut bytes, 8)?,
            0x01 => skip(&mut bytes, 1)?,
            0x05 | 0x06 | 0x0d => {}
            0x02 => {
                let length = u16::from_be_bytes(take(&mut bytes)?);
                skip(&mut bytes, length.into())?;
            }
            0x0b => skip(&mut bytes, 10)?,
            // Long string.
            0x0c => {
                let length = u32::from_be_bytes(take(&mut bytes)?);
                skip(
                    &mut bytes,
                    usize::try_from(length).map_err(|_| RtmpError::Amf)?,
                )?;
            }
            0x03 => open.push(Open::Object),
            // A map says how many entries it has, and ends like an object all the same.
            0x08 => {
                skip(&mut bytes, 4)?;
                open.push(Open::Object);
            }
            0x0a => open.push(Open::Array(u32::from_be_bytes(take(&mut bytes)?))),
            // References (0x07), the switch to AMF3, and what no encoder sends.
            _ => return Err(RtmpError::Amf),
        }
        if open.len() > DEEPEST {
            return Err(RtmpError::Amf);
        }
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], RtmpError> {
    let (taken, rest) = bytes.split_first_chunk::<N>().ok_or(RtmpError::Amf)?;
    *bytes = rest;
    Ok(*taken)
}

fn skip(bytes: &mut &[u8], count: usize) -> Result<(), RtmpError> {
    *bytes = bytes.get(count..).ok_or(RtmpError::Amf)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_encoders_send_passes() {
        let connect = b"\x02\0\x07connect\0\x3f\xf0\0\0\0\0\0\0\x03\0\x03app\x02\0\x04live\0\0\x09";
        assert!(check(connect).is_ok());
        let metadata =
            b"\x02\0\x0aonMetaData\x08\0\0\0\x01\0\x05width\0\x40\x94\0\0\0\0\0\0\0\0\x09";
        assert!(check(metadata).is_ok());
        assert!(check(b"\x0a\0\0\0\x02\x05\x01\x01").is_ok());
    }

    #[test]
    fn what_fills_memory_does_not() {
        // Two elements: an array, and the array again by reference.
        assert!(check(b"\x0a\0\0\0\x02\x05\x07\0\0").is_err());
        let deep: Vec<u8> = b"\x0a\0\0\0\x01".repeat(DEEPEST + 1);
        assert!(check(&deep).is_err());
        assert!(
            check(b"\x0a\xff\xff\xff\xff\x05").is_err(),
            "values are missing"
        );
        assert!(check(b"\x02\0\x09short").is_err());
        assert!(check(b"\x03\0\0\x05").is_err(), "an object without its end");
    }
}
