//! The drawing as pixels, in a palette: a few flat colors and the edges between them.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use png::{BitDepth, ColorType, Compression, Encoder, EncodingError, Filter};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::{Database, Source};
use resvg::usvg::{Options, Tree};

use crate::ChartError;

/// The size up to which a picture keeps its finer edges: mail is read on the move.
const BYTES_MAX: usize = 40_000;
/// Colors of a picture; more cannot be told apart on edges one pixel wide.
const COLORS: usize = 32;
/// Colors of a picture that is too large with those: dense lines hide the coarser edges.
const COLORS_FEW: usize = 16;

type Color = [u8; 3];

pub(crate) fn render(svg: &str, pixels_per_point: u8) -> Result<Vec<u8>, ChartError> {
    let options = Options { fontdb: fonts(), ..Options::default() };
    let tree = Tree::from_str(svg, &options)?;
    let scale = f32::from(pixels_per_point);
    let mut picture = tree
        .size()
        .to_int_size()
        .scale_by(scale)
        .and_then(|size| Pixmap::new(size.width(), size.height()))
        .expect("a drawing is 600 points wide and not 10,000 high");
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut picture.as_mut());
    let file = encode(&picture, COLORS)?;
    Ok(if file.len() > BYTES_MAX { encode(&picture, COLORS_FEW)? } else { file })
}

/// The two faces, found once for the process: a few tables are read, no byte is copied.
fn fonts() -> Arc<Database> {
    static FONTS: OnceLock<Arc<Database>> = OnceLock::new();
    let load = || {
        let mut fonts = Database::new();
        for face in [dejavu::sans_condensed::regular(), dejavu::sans_condensed::bold()] {
            fonts.load_font_source(Source::Binary(Arc::new(face)));
        }
        let family = fonts.faces().next().and_then(|face| face.families.first().cloned());
        fonts.set_sans_serif_family(family.map_or_else(String::new, |(name, _)| name));
        Arc::new(fonts)
    };
    FONTS.get_or_init(load).clone()
}

/// Writes the picture with its most frequent colors; the paper is opaque, so no alpha is lost.
fn encode(picture: &Pixmap, colors_max: usize) -> Result<Vec<u8>, EncodingError> {
    let colors: Vec<Color> =
        picture.pixels().iter().map(|it| [it.red(), it.green(), it.blue()]).collect();
    let palette = palette(&colors, colors_max);
    let mut places: HashMap<Color, u8> = HashMap::new();
    let mut previous = (palette[0], 0);
    let mut place = |color: &Color| {
        if previous.0 != *color {
            previous = (*color, *places.entry(*color).or_insert_with(|| nearest(&palette, color)));
        }
        previous.1
    };
    let pixels: Vec<u8> = colors.iter().map(&mut place).collect();

    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, picture.width(), picture.height());
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_palette(palette.concat());
    encoder.set_compression(Compression::High);
    encoder.set_filter(Filter::NoFilter);
    encoder.write_header()?.write_image_data(&pixels)?;
    Ok(file)
}

/// The most frequent colors; ties in the order of the colors, so that equal charts are equal files.
fn palette(colors: &[Color], colors_max: usize) -> Vec<Color> {
    let mut counts: HashMap<Color, usize> = HashMap::new();
    for run in colors.chunk_by(|left, right| left == right) {
        *counts.entry(run[0]).or_default() += run.len();
    }
    let mut counts: Vec<(Color, usize)> = counts.into_iter().collect();
    counts.sort_unstable_by_key(|(color, count)| (std::cmp::Reverse(*count), *color));
    counts.truncate(colors_max);
    counts.into_iter().map(|(color, _)| color).collect()
}

/// The place of the palette's color that differs least.
fn nearest(palette: &[Color], color: &Color) -> u8 {
    let distance = |other: &Color| -> u32 {
        other.iter().zip(color).map(|(a, b)| u32::from(a.abs_diff(*b)).pow(2)).sum()
    };
    let places = (0..=u8::MAX).zip(palette);
    places.min_by_key(|(_, other)| distance(other)).map_or(0, |(place, _)| place)
}
