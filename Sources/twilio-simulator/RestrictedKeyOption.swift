import ArgumentParser
import TwilioSimulator

extension SimulatedKey {
    /// Reads `sid=SK…,secret=SECRET,account=AC…,kinds=KIND+KIND,accounts=no,status=STATUS,code=NUMBER`.
    ///
    /// All but the SID can be left out; `kinds=` means none.
    init(argument: String) throws {
        var members: [String: String] = [:]
        for part in argument.split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard pair.count == 2,
                ["sid", "secret", "account", "kinds", "accounts", "status", "code"].contains(pair[0]),
                members.updateValue(pair[1], forKey: pair[0]) == nil
            else {
                throw ValidationError(
                    "\(part) says nothing about a key; give sid=, secret=, account=, kinds=, accounts=, status= or "
                        + "code=, each once")
            }
        }
        guard let sid = members["sid"] else {
            throw ValidationError("The key \(argument) has no SID; give sid=SK…")
        }
        let kinds = try members["kinds"].map { text in
            try text.split(separator: "+").map { word in
                guard let kind = MediaKind(rawValue: String(word)) else {
                    throw ValidationError("There is no kind \(word); give recording, video-recording or composition")
                }
                return kind
            }
        }
        func number(_ name: String) throws -> Int? {
            try members[name].map { text in
                guard let number = Int(text) else {
                    throw ValidationError("\(name)=\(text) is no number; give one")
                }
                return number
            }
        }
        try self.init(
            sid: sid, secret: members["secret"], account: members["account"], kinds: kinds,
            reachesAccounts: members["accounts"].map { $0 != "no" }, status: try number("status"),
            code: try number("code"))
    }
}
