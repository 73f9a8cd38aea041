//! Pictures as they are kept: made anew as JPEG from what was sent, upright, small, and without anything else that the file carried.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage};

use crate::refusal::Refusal;

/// Bytes of what may be sent.
pub const LARGEST: usize = 12 << 20;
/// Bytes of what is kept.
const MOST: usize = 400_000;
/// The longer side in pixels and the quality, tried in turn until it is small enough.
const STEPS: [(u32, u8); 4] = [(1600, 80), (1600, 60), (1200, 60), (800, 60)];
/// Bytes of a picture as it is read: some 55 million pixels.
const ROOM: u64 = 160 << 20;
const LONGEST_SIDE: u32 = 16_384;

pub struct Picture {
    pub width: u32,
    pub height: u32,
    pub jpeg: Vec<u8>,
}

/// Takes as long as it takes: for a thread of its own.
pub fn make(sent: &[u8]) -> Result<Picture, Refusal> {
    let (image, orientation) = read(sent).map_err(|cause| {
        tracing::info!(%cause, "not a picture");
        refused("无法识别这个文件，请上传 JPEG、PNG 或 WebP 格式的照片", "This cannot be read as a picture: send JPEG, PNG or WebP")
    })?;
    let too_large = || refused("照片过大，请缩小后再上传", "The picture is too large; make it smaller");
    for (side, quality) in STEPS {
        let mut small = if image.width().max(image.height()) > side { image.thumbnail(side, side) } else { image.clone() };
        small.apply_orientation(orientation);
        let (width, height) = (small.width(), small.height());
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, quality).encode_image(&on_white(small)).map_err(|_| too_large())?;
        if jpeg.len() <= MOST {
            return Ok(Picture { width, height, jpeg });
        }
    }
    Err(too_large())
}

fn read(sent: &[u8]) -> image::ImageResult<(DynamicImage, Orientation)> {
    let mut reader = ImageReader::new(Cursor::new(sent)).with_guessed_format()?;
    if !matches!(reader.format(), Some(ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP)) {
        reader.clear_format();
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(ROOM);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    // The reader itself does not count what comes out.
    let mut rest = Limits::no_limits();
    rest.max_alloc = Some(ROOM);
    rest.reserve(decoder.total_bytes())?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok((DynamicImage::from_decoder(decoder)?, orientation))
}

/// JPEG knows no transparency.
fn on_white(image: DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    let image = image.into_rgba8();
    let blend = |part: u8, alpha: u8| ((u32::from(part) * u32::from(alpha) + 255 * (255 - u32::from(alpha))) / 255) as u8;
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let [red, green, blue, alpha] = image.get_pixel(x, y).0;
        image::Rgb([red, green, blue].map(|part| blend(part, alpha)))
    })
}

fn refused(zh: &str, en: &str) -> Refusal {
    Refusal::invalid("picture", zh, en)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).expect("it is written");
        bytes.into_inner()
    }

    #[test]
    fn what_is_see_through_stands_on_white() {
        let clear = DynamicImage::ImageRgba8(image::RgbaImage::from_pixel(40, 30, image::Rgba([200, 0, 0, 0])));
        let made = make(&written(&clear, ImageFormat::Png)).expect("a picture");
        let read = image::load_from_memory(&made.jpeg).expect("a JPEG").into_rgb8();
        assert_eq!((made.width, made.height), (40, 30));
        assert!(read.get_pixel(20, 15).0.iter().all(|part| *part > 250), "{:?}", read.get_pixel(20, 15));
    }

    #[test]
    fn the_longer_side_has_at_most_1600_pixels_and_the_file_400_000_bytes() {
        let mut seed = 1_u32;
        let noise = RgbImage::from_fn(3000, 2000, |_, _| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            image::Rgb(seed.to_be_bytes()[..3].try_into().expect("three"))
        });
        let made = make(&written(&noise.into(), ImageFormat::Png)).expect("a picture");
        assert!(made.jpeg.len() <= MOST, "{}", made.jpeg.len());
        assert!(made.width <= 1600 && made.width.abs_diff(made.height * 3 / 2) <= 2, "{} by {}", made.width, made.height);
    }

    #[test]
    fn what_is_no_picture_is_refused_and_so_is_one_that_would_fill_the_memory() {
        // A page of 30,000 by 30,000 that takes a few bytes to send.
        let mut bomb = written(&DynamicImage::new_luma8(1, 1), ImageFormat::Png);
        bomb[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
        // One whose sides alone would do.
        let flat = written(&DynamicImage::new_luma8(16_000, 16_000), ImageFormat::Png);
        let gif = b"GIF89a\x01\x00\x01\x00\x00\x00\x00;".to_vec();
        let page = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>".to_vec();
        for sent in [bomb, flat, gif, page, b"\xff\xd8\xff".to_vec(), Vec::new()] {
            assert!(make(&sent).is_err(), "{} bytes", sent.len());
        }
    }
}
