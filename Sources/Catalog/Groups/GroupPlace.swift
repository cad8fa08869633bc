import Support
import TwilioAPI

/// A group's place in a listing, in one number: the beginning of its SID, and its number among those that begin so.
///
/// It follows from the SID, so it is the same whichever of its recordings are shown, and in every database. Hardly ever
/// do two SIDs begin alike.
struct GroupPlace {
    /// The first bits of the SID's digits.
    let beginning: UInt64
    /// The group's number among the groups whose SIDs begin alike, from 1 on; 0 before all of them.
    let number: Int

    /// The bits of ``beginning``: among a million groups, two begin alike in one of 35 accounts.
    private static let width = 44
    /// The bits of ``number``; together with ``width`` they leave room for the fixed entries of a directory.
    private static let numberWidth = 18

    /// The most groups whose SIDs begin alike.
    static let mostAlike = (1 << numberWidth) - 1

    /// The first bits of a SID's digits.
    static func beginning(of digits: SIDDigits) -> UInt64 { digits.high >> (UInt64.bitWidth - width) }

    /// The least digits with this beginning.
    var firstDigits: SIDDigits { SIDDigits(high: beginning << (UInt64.bitWidth - Self.width), low: 0) }
}

extension GroupPlace {
    /// Reads a place; 0 is the one before all groups.
    init(rawValue: Int64) {
        beginning = UInt64(bitPattern: rawValue) >> Self.numberWidth & ((1 << Self.width) - 1)
        number = Int(rawValue & Int64(Self.mostAlike))
    }

    var rawValue: Int64 { Int64(beginning) << Self.numberWidth | Int64(number) }
}

extension GroupPlace {
    /// A piece of a listing of groups, in the order of their SIDs.
    ///
    /// - Parameters:
    ///   - place: the place of the previous group; 0 to begin.
    ///   - limit: the most groups; fewer only at the end.
    ///   - find: returns groups from some digits on, in the order of their SIDs and each once, up to a limit.
    static func piece(
        after place: Int64, limit: Int, _ find: (SIDDigits, _ limit: Int) throws(CatalogError) -> [SIDDigits]
    ) throws(CatalogError) -> [(digits: SIDDigits, place: Int64)] {
        let previous = GroupPlace(rawValue: place)
        var (beginning, number) = (previous.beginning, 0)
        var piece: [(digits: SIDDigits, place: Int64)] = []
        for digits in try find(previous.firstDigits, limit + previous.number) where piece.count < limit {
            let next = Self.beginning(of: digits)
            (beginning, number) = (next, next == beginning ? number + 1 : 1)
            if beginning == previous.beginning, number <= previous.number { continue }
            guard number <= mostAlike else {
                throw CatalogError(.database, "the SIDs of more than \(mostAlike) groups begin alike")
            }
            piece.append((digits, GroupPlace(beginning: beginning, number: number).rawValue))
        }
        return piece
    }
}
