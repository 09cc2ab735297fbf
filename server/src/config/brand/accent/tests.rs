use super::*;

fn accents() -> impl Iterator<Item = Accent> {
    let steps = [0, 1, 31, 63, 95, 127, 159, 191, 223, 254, 255];
    let all = move |each: fn(u8, u8, u8) -> Colour| {
        steps.into_iter().flat_map(move |red| {
            steps.into_iter().flat_map(move |green| {
                steps
                    .into_iter()
                    .map(move |blue| Accent(each(red, green, blue)))
            })
        })
    };
    all(Colour::new)
}

fn value(tokens: &[(&str, String)], name: &str) -> Colour {
    let found = tokens.iter().find(|(token, _)| *token == name);
    let text = found.map_or("", |(_, value)| value);
    text.parse::<Accent>().map_or(BLACK, |accent| accent.0)
}

#[test]
fn any_accent_keeps_the_contrasts() {
    for theme in [Theme::light(), Theme::dark()] {
        for accent in accents() {
            let tokens = accent.tokens(&theme);
            let of = |name: &str| value(&tokens, name);
            let soft = of("accent-soft");
            let mut pairs: Vec<(f32, &str, Colour)> = Vec::new();
            for ground in theme.grounds.iter().copied().chain([soft]) {
                pairs.extend([(4.5, "accent", ground), (4.5, "accent-strong", ground)]);
            }
            pairs.push((4.5, "accent-strong", of("accent-line")));
            pairs.push((4.5, "accent-strong", theme.edges[1]));
            for text in theme.texts {
                pairs.push((4.5, "accent-soft", text));
            }
            pairs.extend([
                (4.5, "fill", theme.on_fill),
                (4.5, "fill-strong", theme.on_fill),
            ]);
            pairs.extend([
                (4.5, "on-button", accent.0),
                (4.5, "on-button", of("button-strong")),
            ]);
            for ground in theme.edges {
                pairs.push((3.0, "fill", ground));
                if tokens[9].1 == "transparent" {
                    pairs.push((3.0, "button", ground));
                } else {
                    pairs.push((3.0, "button-edge", ground));
                }
            }
            for (least, name, other) in pairs {
                let found = contrast(of(name), other);
                assert!(
                    found >= least,
                    "{} in {}: --{name} on {} has {found}",
                    css(accent.0),
                    if theme.dark { "dark" } else { "light" },
                    css(other)
                );
            }
        }
    }
}

#[test]
fn every_neutral_colour_is_in_the_style_sheet() {
    for (selector, paper) in [
        (":root {", "#f9fafb"),
        (":root[data-theme=\"dark\"] {", "#0d1013"),
    ] {
        for name in [
            "paper",
            "surface",
            "sunken",
            "neutral-soft",
            "ink",
            "muted",
            "on-fill",
        ] {
            assert!(token(selector, name).is_some(), "{selector} --{name}");
        }
        for name in ["green-soft", "amber-soft", "red-soft"] {
            assert!(token(selector, name).is_some(), "{selector} --{name}");
        }
        assert_eq!(token(selector, "paper").map(css).as_deref(), Some(paper));
    }
}

#[test]
fn a_button_has_the_accent_itself() {
    for (accent, text) in [
        ("#085dc7", "#ffffff"),
        ("#FFD400", "#000000"),
        ("#ffffff", "#000000"),
        ("#000000", "#ffffff"),
    ] {
        let Ok(parsed) = accent.parse::<Accent>() else {
            panic!("{accent} is refused");
        };
        let button = parsed.button();
        assert_eq!(button.ground, accent.to_ascii_lowercase());
        assert_eq!(button.text, text, "{accent}");
        let style = parsed.style();
        assert!(
            style.contains(&format!("--button:{}", button.ground)),
            "{style}"
        );
    }
}

#[test]
fn an_accent_has_six_digits() {
    for bad in [
        "",
        "#",
        "085dc7",
        "#085",
        "#085dc7ff",
        "#085dcg",
        "red",
        "#08 5dc",
    ] {
        assert!(bad.parse::<Accent>().is_err(), "{bad}");
    }
}
