//! The drawing: paper, grid, lines and words, from back to front.

use crate::scale::Scale;
use crate::text::{escape, fit, width};
use crate::{Expected, LineChart};

const WIDTH: f64 = 600.0;
const PAD: f64 = 16.0;
const PLOT_HEIGHT: f64 = 196.0;
const TITLE_SIZE: f64 = 19.0;
/// Large, because a phone shows the chart at six tenths of its size.
const TEXT_SIZE: f64 = 16.0;
const LINE_HEIGHT: f64 = 25.0;
/// The widest word under the axis, and the least room between two of them.
const LABEL_WIDTH_MAX: f64 = 130.0;
const LABEL_GAP: f64 = 14.0;
/// Up to so many buckets each has its own dot.
const DOTS_MAX: usize = 16;

const INK: &str = "#18181b";
/// 4.8:1 on white.
const INK_SOFT: &str = "#6b7077";
const GRID: &str = "#ececee";
const AXIS: &str = "#a9adb3";
/// 5.5:1 on white.
const ACCENT: &str = "#0f766e";
/// 3.2:1 on white: a mark, never a word.
const PALE: &str = "#8b9199";

/// A run of neighboring points without a gap.
type Run = Vec<(f64, f64)>;

pub(crate) fn svg(chart: &LineChart) -> String {
    let legend = legend(chart);
    let title_height = if chart.title.is_empty() { 0.0 } else { 31.0 };
    let legend_top = PAD + title_height;
    let top =
        legend_top + legend.rows as f64 * LINE_HEIGHT + if legend.rows > 0 { 14.0 } else { 8.0 };
    let plot = Plot::new(chart, top);
    let height = plot.bottom + 40.0;
    let alt = escape(&chart.alt_text);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{alt}\" \
         font-family=\"sans-serif\" font-size=\"{TEXT_SIZE}\" fill=\"none\" \
         stroke-linejoin=\"round\" stroke-linecap=\"round\"><title>{alt}</title>\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    if !chart.title.is_empty() {
        let title = escape(&fit(&chart.title, TITLE_SIZE * 1.1, WIDTH - 2.0 * PAD));
        out.push_str(&format!(
            "<text x=\"{PAD}\" y=\"{}\" font-size=\"{TITLE_SIZE}\" font-weight=\"700\" \
             fill=\"{INK}\">{title}</text>\n",
            PAD + 16.0
        ));
    }
    out.push_str(&format!("<g transform=\"translate(0 {legend_top})\">{}</g>\n", legend.svg));
    if chart.values().next().is_some() {
        out.push_str(&plot.grid(chart));
        out.push_str(&plot.forecast_band(chart));
        out.push_str(&plot.comparison(chart));
        out.push_str(&plot.current(chart));
        out.push_str(&plot.forecast_line(chart));
    } else {
        out.push_str(&text(
            (plot.left + plot.right) / 2.0,
            (plot.top + plot.bottom) / 2.0,
            "middle",
            "No figures for this period",
        ));
    }
    out.push_str(&plot.labels(chart));
    out.push_str("</svg>\n");
    out
}

/// Where the data lies on the paper.
struct Plot {
    scale: Scale,
    slots: usize,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Plot {
    fn new(chart: &LineChart, top: f64) -> Self {
        let scale = Scale::over(chart.values());
        let labels = scale.labels(&chart.unit);
        let gutter = labels.iter().map(|label| width(label, TEXT_SIZE)).fold(0.0, f64::max);
        let left = PAD + gutter.min(WIDTH / 3.0) + 8.0;
        let right = WIDTH - PAD;
        Self { scale, slots: chart.slots(), left, right, top, bottom: top + PLOT_HEIGHT }
    }

    fn x(&self, slot: usize) -> f64 {
        let inset = if self.slots > DOTS_MAX { 8.0 } else { 22.0 };
        let (left, right) = (self.left + inset, self.right - inset);
        if self.slots < 2 {
            return (left + right) / 2.0;
        }
        left + (right - left) * slot as f64 / (self.slots - 1) as f64
    }

    fn y(&self, value: f64) -> f64 {
        self.bottom - self.scale.fraction(value) * (self.bottom - self.top)
    }

    fn grid(&self, chart: &LineChart) -> String {
        let mut out = String::new();
        for (tick, label) in self.scale.ticks().into_iter().zip(self.scale.labels(&chart.unit)) {
            let (left, right, y) = (self.left, self.right, self.y(tick));
            let color = if tick == 0.0 { AXIS } else { GRID };
            out.push_str(&format!(
                "<path d=\"M{left:.1} {y:.1}H{right:.1}\" stroke=\"{color}\" \
                 stroke-linecap=\"butt\"/>\n"
            ));
            let label = fit(&label, TEXT_SIZE, WIDTH / 3.0);
            out.push_str(&text(left - 8.0, y + 5.5, "end", &label));
        }
        out
    }

    /// Words under the axis: every n-th one, with the least n that keeps them apart.
    fn labels(&self, chart: &LineChart) -> String {
        let current = chart.current.iter().map(|bucket| &bucket.label);
        let expected = chart.expected().iter().map(|bucket| &bucket.label);
        let words: Vec<(f64, f64, String)> = (current.chain(expected).enumerate())
            .filter(|(_, label)| !label.trim().is_empty())
            .map(|(slot, label)| {
                let label = fit(label, TEXT_SIZE, LABEL_WIDTH_MAX);
                let half = width(&label, TEXT_SIZE) / 2.0;
                (self.x(slot).clamp(half + 2.0, WIDTH - half - 2.0), half, label)
            })
            .collect();
        let apart = |pair: &[&(f64, f64, String)]| {
            pair[1].0 - pair[1].1 - (pair[0].0 + pair[0].1) >= LABEL_GAP
        };
        let every = |stride: usize| words.iter().step_by(stride).collect::<Vec<_>>();
        let stride = (1..=words.len()).find(|stride| every(*stride).windows(2).all(apart));
        every(stride.unwrap_or(1))
            .into_iter()
            .map(|(x, _, label)| text(*x, self.bottom + 25.0, "middle", label))
            .collect()
    }

    fn runs(&self, values: impl Iterator<Item = Option<f64>>) -> Vec<Run> {
        let mut runs = vec![Run::new()];
        for (slot, value) in values.enumerate() {
            match (value, runs.last_mut()) {
                (Some(value), Some(run)) => run.push((self.x(slot), self.y(value))),
                _ => runs.push(Run::new()),
            }
        }
        runs.retain(|run| !run.is_empty());
        runs
    }

    fn comparison(&self, chart: &LineChart) -> String {
        let runs = self.runs(chart.compared().iter().copied());
        let style = format!("stroke=\"{PALE}\" stroke-width=\"1.75\"");
        let lone = runs.iter().filter(|run| run.len() == 1);
        let dots: String = lone.map(|run| dot(run[0], 3.25, PALE)).collect();
        runs.iter().map(|run| line(run, &style)).collect::<String>() + &dots
    }

    fn current(&self, chart: &LineChart) -> String {
        let runs = self.runs(chart.current.iter().map(|bucket| bucket.value));
        let bold = if chart.slots() > 120 { 1.75 } else { 2.5 };
        let style = format!("stroke=\"{ACCENT}\" stroke-width=\"{bold}\"");
        let open = chart.last_incomplete && chart.current.last().is_some_and(|b| b.value.is_some());
        let mut out = String::new();
        for (index, run) in runs.iter().enumerate() {
            let dashed = open && index + 1 == runs.len() && run.len() > 1;
            let sure = if dashed { run.len() - 1 } else { run.len() };
            out.push_str(&self.area(&run[..sure]));
            out.push_str(&line(&run[..sure], &style));
            if dashed {
                let style = format!("{style} stroke-dasharray=\"1 5\"");
                out.push_str(&line(&run[sure - 1..], &style));
            }
        }
        let many = chart.current.len() > DOTS_MAX;
        let last = runs.last().and_then(|run| run.last());
        for run in &runs {
            let shown = |point: &&(f64, f64)| !many || run.len() == 1 || Some(*point) == last;
            for point in run.iter().filter(shown) {
                let hollow = open && Some(point) == last;
                out.push_str(&if hollow { ring(*point) } else { dot(*point, 4.25, ACCENT) });
            }
        }
        out
    }

    /// The soft ground between a line and zero.
    fn area(&self, run: &[(f64, f64)]) -> String {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { return String::new() };
        let zero = self.y(0.0);
        format!(
            "<path d=\"{}L{:.1} {zero:.1}L{:.1} {zero:.1}Z\" fill=\"{ACCENT}\" \
             fill-opacity=\"0.07\"/>\n",
            path(run),
            last.0,
            first.0
        )
    }

    /// The last complete point, from which the forecast opens like a fan.
    fn hinge(&self, chart: &LineChart) -> Option<(f64, f64)> {
        let value = chart.current.last().filter(|_| !chart.last_incomplete)?.value?;
        Some((self.x(chart.current.len() - 1), self.y(value)))
    }

    fn expected(&self, chart: &LineChart, height: fn(&Expected) -> f64) -> Run {
        let start = chart.current.len();
        let points = chart.expected().iter().enumerate();
        let points = points.map(|(index, it)| (self.x(start + index), self.y(height(it))));
        self.hinge(chart).into_iter().chain(points).collect()
    }

    fn forecast_band(&self, chart: &LineChart) -> String {
        if chart.expected().is_empty() {
            return String::new();
        }
        let mut edge = self.expected(chart, |it| it.upper);
        edge.extend(self.expected(chart, |it| it.lower).into_iter().rev());
        format!("<path d=\"{}Z\" fill=\"{ACCENT}\" fill-opacity=\"0.16\"/>\n", path(&edge))
    }

    fn forecast_line(&self, chart: &LineChart) -> String {
        let run = self.expected(chart, |it| it.value);
        match chart.expected() {
            [] => String::new(),
            [_] if run.len() == 1 => dot(run[0], 4.25, ACCENT),
            _ => line(&run, &format!("stroke=\"{ACCENT}\" stroke-width=\"2\" {DASHES}")),
        }
    }
}

const DASHES: &str = "stroke-dasharray=\"5 5\"";

struct Legend {
    svg: String,
    rows: usize,
}

/// Names the lines, unless there is only one; wraps when the names are long.
fn legend(chart: &LineChart) -> Legend {
    let mut entries = Vec::new();
    if !chart.compared().is_empty() || !chart.expected().is_empty() || chart.last_incomplete {
        let swatch = format!("<path d=\"M0 0H18\" stroke=\"{ACCENT}\" stroke-width=\"2.5\"/>");
        entries.push((swatch, chart.current_name.as_str()));
    }
    if chart.last_incomplete {
        entries.push((ring((9.0, 0.0)), "not over yet"));
    }
    if let Some(comparison) = &chart.comparison {
        let swatch = format!("<path d=\"M0 0H18\" stroke=\"{PALE}\" stroke-width=\"1.75\"/>");
        entries.push((swatch, &comparison.name));
    }
    if let Some(forecast) = chart.forecast.as_ref().filter(|it| !it.buckets.is_empty()) {
        let swatch = format!(
            "<path d=\"M0 -6H18V6H0Z\" fill=\"{ACCENT}\" fill-opacity=\"0.16\"/>\
             <path d=\"M1 0H17\" stroke=\"{ACCENT}\" stroke-width=\"2\" {DASHES}/>"
        );
        entries.push((swatch, &forecast.name));
    }
    let (mut x, mut row, mut svg) = (PAD, 0, String::new());
    for (swatch, name) in &entries {
        let name = fit(name, TEXT_SIZE, WIDTH - 2.0 * PAD - 26.0);
        let room = 26.0 + width(&name, TEXT_SIZE);
        if x > PAD && x + room > WIDTH - PAD {
            (x, row) = (PAD, row + 1);
        }
        let y = LINE_HEIGHT * f64::from(row) + 11.0;
        let word = text(26.0, 5.5, "start", &name);
        svg.push_str(&format!("<g transform=\"translate({x:.1} {y})\">{swatch}{word}</g>\n"));
        x += room + 14.0;
    }
    Legend { svg, rows: if entries.is_empty() { 0 } else { row as usize + 1 } }
}

fn text(x: f64, y: f64, anchor: &str, words: &str) -> String {
    let words = escape(words);
    format!(
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{INK_SOFT}\">\
         {words}</text>\n"
    )
}

fn path(points: &[(f64, f64)]) -> String {
    let step = |(index, (x, y)): (usize, &(f64, f64))| {
        format!("{}{x:.1} {y:.1}", if index == 0 { 'M' } else { 'L' })
    };
    points.iter().enumerate().map(step).collect()
}

fn line(points: &[(f64, f64)], style: &str) -> String {
    if points.len() < 2 {
        return String::new();
    }
    format!("<path d=\"{}\" {style}/>\n", path(points))
}

fn dot((x, y): (f64, f64), radius: f64, color: &str) -> String {
    format!(
        "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"{color}\" \
         stroke=\"#ffffff\" stroke-width=\"1.5\"/>\n"
    )
}

fn ring((x, y): (f64, f64)) -> String {
    format!(
        "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"#ffffff\" stroke=\"{ACCENT}\" \
         stroke-width=\"2\"/>\n"
    )
}
