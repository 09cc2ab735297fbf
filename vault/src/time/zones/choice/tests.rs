#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;

use super::*;
use crate::test_support::NOON;

fn name(text: &str) -> Result<&'static str, String> {
    choose(text).map(Zone::name)
}

#[test]
fn a_city_in_any_case_is_enough() {
    for (typed, expected) in [
        ("berlin", "Europe/Berlin"),
        ("BERLIN", "Europe/Berlin"),
        (" europe/berlin ", "Europe/Berlin"),
        ("Europe / Berlin", "Europe/Berlin"),
        ("New York", "America/New_York"),
        ("new_york", "America/New_York"),
        ("america/new york", "America/New_York"),
        ("São Paulo", "America/Sao_Paulo"),
        ("Port-au-Prince", "America/Port-au-Prince"),
        ("Buenos Aires", "America/Argentina/Buenos_Aires"),
        ("Argentina/Buenos Aires", "America/Argentina/Buenos_Aires"),
        ("utc", "UTC"),
        // Names of before, and countries that once were names.
        ("Asia/Katmandu", "Asia/Kathmandu"),
        ("katmandu", "Asia/Kathmandu"),
        ("Calcutta", "Asia/Kolkata"),
        ("kiev", "Europe/Kyiv"),
        ("US/Pacific", "America/Los_Angeles"),
        ("Iceland", "Atlantic/Reykjavik"),
        ("Etc/UTC", "UTC"),
        ("zulu", "UTC"),
        ("GMT", "UTC"),
        // Places whose clocks others share keep their names.
        ("Amsterdam", "Europe/Amsterdam"),
        ("stockholm", "Europe/Stockholm"),
        // No places, but zones.
        ("Etc/GMT+5", "Etc/GMT+5"),
        ("EST", "EST"),
    ] {
        assert_eq!(name(typed), Ok(expected), "{typed}");
    }
}

#[test]
fn what_could_be_several_is_asked_back() {
    assert_eq!(
        name("Eastern"),
        Err("Which one? America/New_York or America/Toronto?".to_owned())
    );
    assert_eq!(
        name("central"),
        Err("Which one? America/Chicago or America/Winnipeg?".to_owned())
    );
}

#[test]
fn what_is_unknown_gets_a_suggestion() {
    for (typed, expected) in [
        ("Berl", "We don't know “Berl”. Did you mean Europe/Berlin?"),
        (
            "Berlni",
            "We don't know “Berlni”. Did you mean Europe/Berlin?",
        ),
        ("Tokio", "We don't know “Tokio”. Did you mean Asia/Tokyo?"),
        (
            "Indiana",
            "We don't know “Indiana”. Did you mean America/Indiana/Indianapolis, America/Indiana/Knox, \
             America/Indiana/Marengo, …?",
        ),
        (
            "Munich",
            "We don't know this time zone. Enter the nearest large city, such as Berlin or New York.",
        ),
        (
            "x",
            "We don't know this time zone. Enter the nearest large city, such as Berlin or New York.",
        ),
        (
            " / ",
            "Enter a city or a time zone, such as Berlin or America/New_York.",
        ),
    ] {
        assert_eq!(name(typed), Err(expected.to_owned()), "{typed}");
    }
    for hostile in ["../../etc/passwd", "/etc/localtime", "Factory", "posix/UTC"] {
        assert!(name(hostile).is_err(), "{hostile}");
    }
}

#[test]
fn slips_of_the_fingers_are_small() {
    for (one, other) in [
        ("berlin", "berln"),
        ("berlin", "berlinn"),
        ("berlin", "bxrlin"),
        ("berlin", "berlni"),
    ] {
        assert!(is_slip(one, other) && is_slip(other, one), "{one} {other}");
    }
    for (one, other) in [
        ("berlin", "bern"),
        ("berlin", "nilreb"),
        ("oslo", "os"),
        ("rome", "lima"),
    ] {
        assert!(!is_slip(one, other), "{one} {other}");
    }
}

/// A name of before has the clock of the present one, and the present one is not old itself.
#[test]
fn old_names_lead_to_present_ones() {
    assert!(OLD_NAMES.is_sorted());
    for (old, present) in OLD_NAMES {
        assert!(
            OLD_NAMES.iter().all(|(name, _)| name != &present),
            "{present}"
        );
        let (Some((_, rules)), Some((_, now))) = (ZONES.find(old), ZONES.find(present)) else {
            panic!("{old} or {present} is in no table");
        };
        for month in 0..24 {
            let at = jiff::Timestamp::from_second(1_735_732_800 + month * 30 * 86_400).unwrap();
            assert_eq!(rules.to_offset(at), now.to_offset(at), "{old} {at}");
        }
    }
}

#[test]
fn every_place_is_offered_once_by_its_present_name() {
    let offered = offered(NOON, Writing::default());
    let find = |name: &str| offered.iter().find(|zone| zone.name == name);
    assert!(offered.len() > 400, "{}", offered.len());
    for gone in ["Asia/Katmandu", "US/Pacific", "Etc/GMT+5", "EST", "Factory"] {
        assert_eq!(find(gone), None, "{gone}");
    }
    let label = |name: &str| find(name).map(Offered::label);
    assert_eq!(
        label("Europe/Berlin").as_deref(),
        Some("Berlin · UTC+01:00 · 13:00")
    );
    assert_eq!(
        label("Asia/Kathmandu").as_deref(),
        Some("Kathmandu · UTC+05:45 · 17:45")
    );
    assert_eq!(
        label("America/St_Johns").as_deref(),
        Some("St Johns · UTC−03:30 · 08:30")
    );
    assert_eq!(label("UTC").as_deref(), Some("UTC · 12:00"));
    let mut names: Vec<_> = offered.iter().map(|zone| zone.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), offered.len());
    // What is offered is accepted as it is.
    for zone in &offered {
        assert_eq!(name(zone.name), Ok(zone.name));
    }
}

proptest! {
    #![proptest_config(crate::seeded::cases(500))]

    /// Any text has a zone or a sentence, and the zone's own name means the same zone again.
    #[test]
    fn a_choice_is_stable(text in ".{0,40}") {
        match choose(&text) {
            Ok(zone) => prop_assert_eq!(name(zone.name()), Ok(zone.name())),
            Err(sentence) => prop_assert!(sentence.ends_with(['.', '?']), "{}", sentence),
        }
    }

    /// Case and blanks do not matter, for any name or city.
    #[test]
    fn case_does_not_matter(place in 0..600usize, upper: bool) {
        let all: Vec<_> = ZONES.names().collect();
        let known = all[place % all.len()];
        let typed = if upper { known.to_uppercase() } else { known.to_lowercase() };
        prop_assert_eq!(name(&typed.replace('_', "  ")), name(known));
        prop_assert!(name(known).is_ok());
    }
}
