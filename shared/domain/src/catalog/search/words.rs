/// Letters of a word that are looked at.
const LETTERS: usize = 40;

/// A text as words: small letters without marks, and digits. Where only a sign such as a hyphen
/// stands between two words, they are one word as well, so that `t-shirt`, `tshirt` and `shirt`
/// all find a T-shirt.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for piece in text.split_whitespace() {
        let parts: Vec<String> = piece
            .split(|letter: char| !letter.is_alphanumeric() && !is_mark(letter))
            .map(folded)
            .filter(|part| !part.is_empty())
            .collect();
        let whole: String = parts.concat();
        let joined = parts.len() > 1 && whole.chars().count() <= LETTERS;
        found.extend(parts);
        found.extend(joined.then_some(whole));
    }
    found
}

fn folded(part: &str) -> String {
    let mut word = String::with_capacity(part.len());
    for letter in part.chars().filter(|letter| !is_mark(*letter)).flat_map(char::to_lowercase) {
        match plain(letter) {
            Some(letters) => word.push_str(letters),
            None if is_mark(letter) => {}
            None => word.push(letter),
        }
    }
    word.chars().take(LETTERS).collect()
}

/// A mark of its own above or below the letter before it.
fn is_mark(letter: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&letter)
}

/// A letter of the Latin alphabets without its mark.
fn plain(letter: char) -> Option<&'static str> {
    Some(match letter {
        'à'..='å' | 'ā' | 'ă' | 'ą' => "a",
        'æ' => "ae",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
        'ĥ' | 'ħ' => "h",
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => "i",
        'ĵ' => "j",
        'ķ' => "k",
        'ĺ' | 'ļ' | 'ľ' | 'ł' => "l",
        'ñ' | 'ń' | 'ņ' | 'ň' => "n",
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' => "o",
        'œ' => "oe",
        'ŕ' | 'ŗ' | 'ř' => "r",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => "s",
        'ß' => "ss",
        'ţ' | 'ť' | 'ț' => "t",
        'þ' => "th",
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => "u",
        'ŵ' => "w",
        'ý' | 'ÿ' | 'ŷ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        _ => return None,
    })
}
