//! What many stories write into their inputs.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};

/// The input with the members of another object in the place of its own, or beside them.
pub fn changed(mut input: Value, with: &Value) -> Value {
    for (name, value) in with.as_object().expect("an object") {
        input[name] = value.clone();
    }
    input
}

/// The same opening hours on each day from Monday to Friday.
pub fn workdays(opens: &str, closes: &str) -> Value {
    let day = |weekday: &str| json!({ "weekday": weekday, "opens": opens, "closes": closes });
    ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"].into_iter().map(day).collect()
}

/// A photograph as a phone takes it: red to the left and blue to the right where it is held upright, but written turned by a quarter; with
/// where it was taken.
pub fn photo(width: u32, height: u32, of: u8) -> Vec<u8> {
    let upright = RgbImage::from_fn(width, height, |x, _| if x < width / 2 { Rgb([230, 20, of]) } else { Rgb([20, of, 230]) });
    // Orientation 6: whoever shows it turns it clockwise.
    let turned = DynamicImage::from(upright).rotate270();
    let mut jpeg = Cursor::new(Vec::new());
    turned.write_to(&mut jpeg, ImageFormat::Jpeg).expect("a JPEG");
    let place = b"GPS 43.16N 124.35E";
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x02\0".to_vec();
    exif.extend(b"\x0e\x01\x02\0");
    exif.extend((place.len() as u32).to_le_bytes());
    exif.extend(38_u32.to_le_bytes());
    exif.extend(b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0");
    exif.extend(place);
    let jpeg = jpeg.into_inner();
    let length = u16::try_from(exif.len() + 2).expect("a short one").to_be_bytes();
    [&jpeg[..2], b"\xff\xe1", &length, &exif, &jpeg[2..]].concat()
}
