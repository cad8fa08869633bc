import Catalog
import TwilioAPI

/// The name of a link for people: when, who called whom, and the file.
///
/// `09-12-33 +493012345 → +498976543 RE….wav` in a day's directory, elsewhere with the date before it. Names sort by
/// time (UTC, like the directories). Besides the arrow, they consist of letters and digits of ASCII, blanks, and the
/// characters `+ - _ . @`, which no shell, Windows or SMB server takes for anything else; a name neither begins nor
/// ends with a blank or a dot, and it ends with the name of the file.
struct ReadableName {
    /// The name.
    let text: String

    /// The most characters of a party that isn't a telephone number.
    private static let longestParty = 40
    /// The word for a caller who withholds the number.
    private static let withheld = "anonymous"

    /// Makes the name of a recording.
    ///
    /// - Parameters:
    ///   - call: Its call; nil for a recording without one, or if it isn't known.
    ///   - hasDate: Whether the name has the date besides the time of day.
    init(of entry: CatalogEntry, call: CallDescription?, hasDate: Bool) {
        var parts: [String] = []
        if let created = entry.dateCreated {
            // 2026-11-21T09:12:33Z
            let words = created.description.dropLast().split(separator: "T")
            let time = String(words[1]).replacing(":", with: "-")
            parts.append(hasDate ? "\(words[0]) \(time)" : time)
        }
        if let call { parts.append("\(Self.text(of: call.from)) → \(Self.text(of: call.to))") }
        parts.append("\(entry.sid).\(entry.containerFormat)")
        text = parts.joined(separator: " ")
    }

    /// A party in characters that are harmless in names.
    static func text(of party: CallParty) -> String {
        guard party.number == nil else { return party.text }
        guard !party.isWithheld else { return withheld }
        var allowed = party.text.unicodeScalars.prefix(longestParty).map { scalar in
            isAllowed(scalar) ? Character(scalar) : "_"
        }
        // A name may begin with a party: one that begins so would be an option, or hidden.
        if let first = allowed.first, "-.".contains(first) { allowed[0] = "_" }
        return String(allowed)
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "+", "-", "_", ".", "@": true
        default: false
        }
    }
}
