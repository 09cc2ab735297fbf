//! The accent: one colour of the company's, and the colours of buttons, links and rings that follow from it.
//!
//! Any colour will do, also white, black and yellow. A primary button has exactly this colour, with black or white text. As
//! text, a line or a part of a chart, it becomes as much darker or lighter as each theme needs: every text keeps a contrast
//! of 4.5:1, every edge one of 3:1 (WCAG 2.2, success criteria 1.4.3 and 1.4.11). Hue stays, in OKLCH, whose lightness is even
//! across hues; so does the colourfulness, as far as screens can show it.

use std::fmt::Write;
use std::str::FromStr;

use palette::color_difference::Wcag21RelativeContrast;
use palette::convert::FromColorUnclamped;
use palette::{FromColor, IsWithinBounds, Oklch, Srgb};
use vault::brand::Button;

use crate::config::error::ValueError;

type Colour = Srgb<u8>;

/// The neutral colours stand in the style sheet alone.
const TOKENS: &str = include_str!("../../../../style/tokens.css");
/// The least contrast of text, with a margin for other ways of rounding.
const TEXT: f32 = 4.52;
/// The least contrast of what is no text.
const EDGE: f32 = 3.02;
/// A step in search of contrast.
const STEP: f32 = 0.004;

const WHITE: Colour = Colour::new(255, 255, 255);
const BLACK: Colour = Colour::new(0, 0, 0);

/// A colour as `#rrggbb`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Accent(Colour);

impl FromStr for Accent {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let text = text.trim();
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6);
        let colour = digits.and_then(|digits| digits.parse().ok());
        colour
            .map(Self)
            .ok_or_else(|| ValueError::Accent(text.to_owned()))
    }
}

impl Accent {
    /// Returns the colours of the button in mails.
    pub fn button(self) -> Button {
        Button {
            ground: css(self.0).into(),
            text: css(text_on(self.0)).into(),
        }
    }

    /// Returns the style sheet that changes the colours. Paper keeps its own.
    pub fn style(self) -> String {
        let (light, dark) = (self.tokens(&Theme::light()), self.tokens(&Theme::dark()));
        let block = |tokens: &[(&str, String)]| {
            tokens
                .iter()
                .fold(String::new(), |mut text, (name, value)| {
                    // Writing to a string cannot fail.
                    let _ = write!(text, "--{name}:{value};");
                    text
                })
        };
        let (light, dark) = (block(&light), block(&dark));
        format!(
            "@media screen{{:root{{{light}}}\
             @media (prefers-color-scheme:dark){{:root:not([data-theme=\"light\"]){{{dark}}}}}\
             :root[data-theme=\"dark\"]{{{dark}}}}}\n"
        )
    }

    fn tokens(self, theme: &Theme) -> [(&'static str, String); 10] {
        let own = Oklch::from_color(self.0.into_format::<f32>());
        let soft = theme.soft(own);
        let line = shade(theme.line.0, own.chroma.min(theme.line.1), own);
        let grounds: Vec<Colour> = theme.grounds.iter().copied().chain([soft]).collect();
        let accent = theme.clear(own, &grounds);
        let beyond = theme.further(Oklch::from_color(accent.into_format::<f32>()), 0.07);
        let strong = theme.clear(beyond, &[grounds, vec![line]].concat());
        let fill = theme.fill(own);
        let fill_strong = hovered(fill, theme.on_fill);
        let text = text_on(self.0);
        let stands_out = theme
            .edges
            .iter()
            .all(|ground| contrast(self.0, *ground) >= EDGE);
        [
            ("accent", css(accent)),
            ("accent-strong", css(strong)),
            ("accent-soft", css(soft)),
            ("accent-line", css(line)),
            ("fill", css(fill)),
            ("fill-strong", css(fill_strong)),
            ("button", css(self.0)),
            ("button-strong", css(hovered(self.0, text))),
            ("on-button", css(text)),
            (
                "button-edge",
                if stands_out {
                    "transparent".to_owned()
                } else {
                    css(fill)
                },
            ),
        ]
    }
}

/// The neutral colours of a theme, and where its accents lie.
struct Theme {
    dark: bool,
    /// Where accents stand as text.
    grounds: Vec<Colour>,
    /// Where parts of charts and buttons stand.
    edges: [Colour; 2],
    /// The text on soft ground.
    texts: [Colour; 2],
    on_fill: Colour,
    /// Lightness and the most chroma of the soft ground, and of the line around it.
    soft: (f32, f32),
    line: (f32, f32),
}

impl Theme {
    fn light() -> Self {
        Self::of(":root {", false, (0.955, 0.022), (0.87, 0.055))
    }

    fn dark() -> Self {
        Self::of(
            ":root[data-theme=\"dark\"] {",
            true,
            (0.265, 0.045),
            (0.4, 0.085),
        )
    }

    fn of(selector: &str, dark: bool, soft: (f32, f32), line: (f32, f32)) -> Self {
        let token = |name: &str| token(selector, name).unwrap_or(if dark { BLACK } else { WHITE });
        let names = [
            "paper",
            "surface",
            "sunken",
            "neutral-soft",
            "green-soft",
            "amber-soft",
            "red-soft",
        ];
        Self {
            dark,
            grounds: names.map(token).to_vec(),
            edges: [token("paper"), token("surface")],
            texts: [token("ink"), token("muted")],
            on_fill: token("on-fill"),
            soft,
            line,
        }
    }

    /// Returns a colour with more contrast to the theme's grounds.
    fn further(&self, mut colour: Oklch, by: f32) -> Oklch {
        let by = if self.dark { by } else { -by };
        colour.l = (colour.l + by).clamp(0.0, 1.0);
        colour
    }

    /// Returns the nearest colour that is legible on all of these grounds.
    fn clear(&self, mut colour: Oklch, grounds: &[Colour]) -> Colour {
        loop {
            let shown = shade(colour.l, colour.chroma, colour);
            let legible = grounds
                .iter()
                .all(|ground| contrast(shown, *ground) >= TEXT);
            if legible || colour.l <= 0.0 && !self.dark || colour.l >= 1.0 && self.dark {
                return shown;
            }
            colour = self.further(colour, STEP);
        }
    }

    /// Returns a soft ground on which the theme's own text is legible.
    fn soft(&self, own: Oklch) -> Colour {
        let (mut lightness, chroma) = self.soft;
        loop {
            let shown = shade(lightness, own.chroma.min(chroma), own);
            let legible = self.texts.iter().all(|text| contrast(shown, *text) >= TEXT);
            if legible || !(0.0..=1.0).contains(&lightness) {
                return shown;
            }
            lightness += if self.dark { -STEP } else { STEP };
        }
    }

    /// Returns the nearest colour that stands out and has light text on it, as the red of dangerous buttons has.
    fn fill(&self, own: Oklch) -> Colour {
        let mut lightness = own.l;
        loop {
            let shown = shade(lightness, own.chroma, own);
            if contrast(shown, self.on_fill) < TEXT {
                lightness -= STEP;
            } else if self.dark
                && self
                    .edges
                    .iter()
                    .any(|ground| contrast(shown, *ground) < EDGE)
            {
                lightness += STEP / 2.0;
            } else {
                return shown;
            }
        }
    }
}

/// Returns black or white, by the contrast of text. One of the two always has enough.
fn text_on(ground: Colour) -> Colour {
    if contrast(WHITE, ground) >= TEXT {
        WHITE
    } else {
        BLACK
    }
}

/// Returns another shade of a ground, under the pointer, on which the text is legible too.
fn hovered(ground: Colour, text: Colour) -> Colour {
    let own = Oklch::from_color(ground.into_format::<f32>());
    let away = if contrast(text, BLACK) > contrast(text, WHITE) {
        -1.0
    } else {
        1.0
    };
    let shades = [0.06, -0.06, 0.03, -0.03].map(|by: f32| {
        let lightness = (own.l + away * by).clamp(0.0, 1.0);
        shade(lightness, own.chroma, own)
    });
    let fit = |shade: &Colour| contrast(*shade, text) >= TEXT && contrast(*shade, ground) > 1.05;
    shades.into_iter().find(fit).unwrap_or(ground)
}

fn contrast(one: Colour, other: Colour) -> f32 {
    one.into_format::<f32>()
        .relative_contrast(other.into_format())
}

/// Returns a shade of a hue, with as much of the chroma as a screen can show.
fn shade(lightness: f32, chroma: f32, of: Oklch) -> Colour {
    let at = |chroma| Srgb::<f32>::from_color_unclamped(Oklch::new(lightness, chroma, of.hue));
    let (mut least, mut most) = (0.0, chroma);
    if !at(chroma).is_within_bounds() {
        for _ in 0..16 {
            let middle = f32::midpoint(least, most);
            if at(middle).is_within_bounds() {
                least = middle;
            } else {
                most = middle;
            }
        }
        most = least;
    }
    at(most).into_format()
}

fn css(colour: Colour) -> String {
    format!("#{colour:x}")
}

/// Returns a colour of the style sheet, from the first rule of a selector.
fn token(selector: &str, name: &str) -> Option<Colour> {
    let (_, rule) = TOKENS.split_once(&format!("\n{selector}"))?;
    let (rule, _) = rule.split_once('}')?;
    let (_, value) = rule.split_once(&format!("--{name}: oklch("))?;
    let (value, _) = value.split_once(')')?;
    let mut parts = value
        .split(' ')
        .map(|part| part.trim_end_matches('%').parse::<f32>().ok());
    let mut next = || parts.next().flatten();
    let (lightness, chroma, hue) = (next()?, next()?, next()?);
    Some(shade(lightness / 100.0, chroma, Oklch::new(0.0, 0.0, hue)))
}

#[cfg(test)]
mod tests;
