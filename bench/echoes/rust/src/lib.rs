// SPDX-License-Identifier: Apache-2.0
wit_bindgen::generate!({ world: "skill-plugin" });

struct Echo;
export!(Echo);

impl Guest for Echo {
    fn get_name() -> String {
        "echo".into()
    }

    fn get_description() -> String {
        "Answers what it is given.".into()
    }

    fn execute(input: String) -> Result<String, String> {
        Ok(input)
    }
}
