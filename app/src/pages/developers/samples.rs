//! A call of the API in each language, in tabs that need no script. `end2end/specs/developers.spec.ts` runs them.

use leptos::prelude::*;

use super::{example, secret};

/// A language: its name, the label of its copy button, what its example needs, and the example.
struct Sample {
    name: &'static str,
    what: &'static str,
    needs: &'static str,
    text: &'static str,
}

/// `%URL%`, `%KEY%` and `%SECRET%` stand for the address, the access key and the variable of the secret key. Lines of at most 80
/// characters fit beside the navigation.
const SAMPLES: [Sample; 6] = [
    Sample {
        name: "curl",
        what: "curl example",
        needs: "",
        text: r#"curl -i "%URL%" \
  --user "%KEY%:$%SECRET%"
"#,
    },
    Sample {
        name: "JavaScript",
        what: "JavaScript example",
        needs: "Node 18 or later, and Deno and Bun. A secret key never belongs in a web page.",
        text: r#"const accessKey = "%KEY%";
const secretKey = process.env.%SECRET%;

const response = await fetch("%URL%", {
  headers: { Authorization: `Bearer ${accessKey}.${secretKey}` },
});
const answer = await response.json();
if (!response.ok) {
  throw new Error(`${response.status} ${answer.code}: ${answer.detail}`);
}
console.log(answer);
"#,
    },
    Sample {
        name: "Python",
        what: "Python example",
        needs: "Python 3, without further packages.",
        text: r#"import json
import os
from urllib.error import HTTPError
from urllib.request import Request, urlopen

access_key = "%KEY%"
secret_key = os.environ["%SECRET%"]

request = Request(
    "%URL%",
    headers={"Authorization": f"Bearer {access_key}.{secret_key}"},
)
try:
    with urlopen(request, timeout=10) as response:
        print(json.load(response))
except HTTPError as error:
    problem = json.load(error)
    raise SystemExit(f"{error.code} {problem['code']}: {problem['detail']}")
"#,
    },
    Sample {
        name: "Go",
        what: "Go example",
        needs: "The standard library.",
        text: r#"package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
)

func main() {
	address := "%URL%"
	request, err := http.NewRequest("GET", address, nil)
	if err != nil {
		log.Fatal(err)
	}
	secretKey := os.Getenv("%SECRET%")
	request.SetBasicAuth("%KEY%", secretKey)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(response.Status, string(answer))
}
"#,
    },
    Sample {
        name: "PHP",
        what: "PHP example",
        needs: "The curl extension.",
        text: r#"<?php
$request = curl_init("%URL%");
curl_setopt_array($request, [
    CURLOPT_USERPWD => "%KEY%:" . getenv("%SECRET%"),
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_TIMEOUT => 10,
]);
$answer = curl_exec($request);
if ($answer === false) {
    exit(curl_error($request));
}
echo curl_getinfo($request, CURLINFO_RESPONSE_CODE), " ", $answer, "\n";
"#,
    },
    Sample {
        name: "Java",
        what: "Java example",
        needs: "Java 11 or later.",
        text: r#"import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

class Call {
  public static void main(String[] arguments) throws Exception {
    String token = "%KEY%." + System.getenv("%SECRET%");
    HttpRequest request = HttpRequest.newBuilder()
      .uri(URI.create("%URL%"))
      .header("Authorization", "Bearer " + token)
      .build();
    HttpResponse<String> response = HttpClient.newHttpClient()
      .send(request, HttpResponse.BodyHandlers.ofString());
    System.out.println(response.statusCode() + " " + response.body());
  }
}
"#,
    },
];

impl Sample {
    fn filled(&self, url: &str, access_key: &str, secret: &str) -> String {
        let text = self.text.trim_end().replace("%KEY%", access_key);
        text.replace("%SECRET%", secret).replace("%URL%", url)
    }
}

/// The tabs are radio buttons, so arrow keys walk along them. The style shows the panel of the one that is checked.
pub(super) fn tabs(url: &str, access_key: &str) -> AnyView {
    let secret = secret();
    let tab = |(at, sample): (usize, &Sample)| {
        view! {
            <label class="tab">
                <input type="radio" name="language" value=sample.name checked=at == 0 />
                {sample.name}
            </label>
        }
    };
    let panel = |sample: &Sample| {
        let needs =
            (!sample.needs.is_empty()).then(|| view! { <p class="help">{sample.needs}</p> });
        view! {
            <div class="panel">
                {example(sample.what, sample.filled(url, access_key, &secret))}
                {needs}
            </div>
        }
    };
    view! {
        <div class="tabs">
            <fieldset>
                <legend class="visually-hidden">"Language"</legend>
                {SAMPLES.iter().enumerate().map(tab).collect_view()}
            </fieldset>
            {SAMPLES.iter().map(panel).collect_view()}
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_complete_and_fits_beside_the_navigation() {
        let url = "https://api.example.com/v1";
        for sample in SAMPLES {
            let text = sample.filled(url, "kh_0123456789abcdef", "ACME_SECRET_KEY");
            for part in [url, "kh_0123456789abcdef", "ACME_SECRET_KEY"] {
                assert_eq!(text.matches(part).count(), 1, "{part} in {text}");
            }
            assert!(
                text.lines().all(|line| line.chars().count() <= 80),
                "{text}"
            );
        }
    }
}
