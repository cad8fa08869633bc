import GRDB
import Support
import TwilioAPI

/// A row of the table `call`, validated on reading.
struct CallRow {
    let digits: SIDDigits
    let call: CallDescription
    let started: Int64

    /// Makes a row; nil for a call without a time.
    init?(_ call: CallDescription) {
        guard let started = call.startTime?.seconds else { return nil }
        (digits, self.call, self.started) = (SIDDigits(call.sid), call, started)
    }

    /// The query for ``init(_:)-(RawStatement)``, without conditions.
    static let select =
        "SELECT sid, started, direction, from_number, from_text, to_number, to_text, checksum FROM call"

    /// The values of the columns, in the order of ``select``.
    var values: [(any StatementValue)?] {
        [
            digits, started, call.direction, NumberGroup(call.from).storedNumber, Self.text(of: call.from),
            NumberGroup(call.to).storedNumber, Self.text(of: call.to), checksum,
        ]
    }

    var checksum: Int64 {
        var checksum = RowChecksum()
        checksum.add(digits as SIDDigits?)
        checksum.add(started as Int64?)
        checksum.add(call.direction)
        for party in [call.from, call.to] {
            checksum.add(NumberGroup(party).storedNumber as Int64?)
            checksum.add(Self.text(of: party))
        }
        return checksum.value
    }

    /// Reads a row; throws that the database is damaged unless the row is as it was written.
    init(_ row: RawStatement) throws {
        guard let digits = row.digits(0), let time = Timestamp(bounded: row.integer(1)),
            let from = Self.party(row.integer(3), row.text(4)), let to = Self.party(row.integer(5), row.text(6))
        else { throw DatabaseError.damage("call") }
        let direction = row.text(2)
        self.digits = digits
        started = time.seconds
        call = CallDescription(sid: SID(call: digits), from: from, to: to, direction: direction, startTime: time)
        guard direction == nil || direction.flatMap(CallDescription.direction(told:)) != nil,
            checksum == row.integer(7)
        else { throw DatabaseError.damage("call") }
    }

    private static func text(of party: CallParty) -> String? { party.number == nil ? party.text : nil }

    /// The party of two columns; nil for an impossible one.
    private static func party(_ number: Int64, _ text: String?) -> CallParty? {
        if let text {
            let party = CallParty(text)
            return number == 0 && party.number == nil && party.text == text ? party : nil
        }
        return PhoneNumber(rawValue: number).map { .number($0) }
    }
}

/// A row of the table `conference`, validated on reading.
struct ConferenceRow {
    /// The position of the recording's entry.
    let id: Int64
    let digits: SIDDigits

    var checksum: Int64 {
        var checksum = RowChecksum()
        checksum.add(id as Int64?)
        checksum.add(digits as SIDDigits?)
        return checksum.value
    }

    func insert(into database: Database) throws {
        try RawStatement(database, "INSERT INTO conference (id, sid, checksum) VALUES (?1, ?2, ?3)")
            .run([id, digits, checksum])
    }
}

extension ConferenceRow {
    /// Reads the columns `id`, `sid`, `checksum`; throws that the database is damaged unless they are as written.
    init(_ row: RawStatement) throws {
        guard let digits = row.digits(1) else { throw DatabaseError.damage("conference") }
        self.init(id: row.integer(0), digits: digits)
        guard checksum == row.integer(2) else { throw DatabaseError.damage("conference") }
    }
}
