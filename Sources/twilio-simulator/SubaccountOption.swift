import ArgumentParser
import TwilioSimulator

extension SimulatedSubaccount {
    /// Reads `name=NAME,media=FOLDER,sid=AC…,token=TOKEN,status=STATUS`, of which all but the name can be left out.
    init(argument: String) throws {
        var members: [String: String] = [:]
        for part in argument.split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard pair.count == 2, ["name", "media", "sid", "token", "status"].contains(pair[0]),
                members.updateValue(pair[1], forKey: pair[0]) == nil
            else {
                throw ValidationError(
                    "\(part) says nothing about a subaccount; give name=, media=, sid=, token= or status=, each once")
            }
        }
        guard let name = members["name"] else {
            throw ValidationError("The subaccount \(argument) has no name; give name=NAME")
        }
        let word = members["status", default: "active"]
        guard let status = AccountStatus(rawValue: word) else {
            throw ValidationError("There is no status \(word) of accounts; give active, suspended or closed")
        }
        try self.init(
            name: name, sid: members["sid"], authToken: members["token"], mediaFolder: members["media"], status: status)
    }
}
