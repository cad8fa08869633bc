/// Shows calls as the API does.
struct CallRendering {
    /// The account's SID.
    let accountSID: String
    /// The behaviour at the time of the request.
    let behaviour: Behaviour

    /// Gives a call's JSON object.
    ///
    /// - Parameter call: the call, whose `created` is its beginning.
    func object(_ call: StoredResource) -> JSONValue {
        let base = "/2010-04-01/Accounts/\(accountSID)/Calls/\(call.sid)"
        let seconds = call.media?.seconds ?? 0
        let end = call.created.advanced(by: seconds + 1)
        let (from, to, direction) = Self.parties(of: call.sid)
        var members: [String: JSONValue] = [
            "account_sid": .string(accountSID), "annotation": nil, "answered_by": nil, "api_version": "2010-04-01",
            "caller_name": nil, "date_created": .string(call.created.rfc2822), "date_updated": .string(end.rfc2822),
            "direction": .string(direction), "duration": .string(String(seconds + 1)),
            "end_time": .string(end.rfc2822), "forwarded_from": nil, "from": .string(from),
            "from_formatted": .string(from), "group_sid": nil, "parent_call_sid": nil, "phone_number_sid": nil,
            "price": "-0.00850", "price_unit": "USD", "queue_time": "0", "sid": .string(call.sid),
            "start_time": .string(call.created.rfc2822), "status": .string(call.status),
            "subresource_uris": ["recordings": .string("\(base)/Recordings.json")], "to": .string(to),
            "to_formatted": .string(to), "trunk_sid": nil, "uri": .string("\(base).json"),
        ]
        members.merge(call.fields) { $1 }
        for name in behaviour.nullFields where members[name] != nil { members[name] = .null }
        return .object(members)
    }

    /// Makes up who called whom, the same every time: some callers withhold their numbers, and some have none.
    static func parties(of sid: String) -> (from: String, to: String, direction: String) {
        // FNV-1a: neighbouring SIDs get parties that have nothing in common.
        let hash = sid.utf8.reduce(UInt64(14_695_981_039_346_656_037)) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
        let company = "+498955500\((hash >> 40) % 5)"
        let number = "+4930\(1_000_000 + (hash >> 8) % 9_000_000)"
        let odd = ["anonymous", "", "+266696687", "sip:alice@example.com", "client:bob"]
        let outside = hash % 16 < UInt64(odd.count) ? odd[Int(hash % 16)] : number
        switch (hash >> 50) % 4 {
        // Nobody is called without an address.
        case 0: return (company, hash % 16 < 3 ? number : outside, "outbound-api")
        case 1: return (company, hash % 16 < 3 ? number : outside, "outbound-dial")
        default: return (outside, company, "inbound")
        }
    }
}
