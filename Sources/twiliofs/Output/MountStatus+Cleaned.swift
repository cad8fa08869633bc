import FileTree
import Threading

extension MountStatus {
    /// The same with every text as clean and short as one from outside (``Threading/ForeignText``), for a terminal.
    var cleaned: MountStatus {
        var status = self
        status.version = Self.shown(version)
        status.account = Self.shown(account)
        status.lists = Self.shown(lists)
        for index in accounts.indices {
            status.accounts[index].sid = Self.shown(accounts[index].sid)
            status.accounts[index].lists = Self.shown(accounts[index].lists)
            status.accounts[index].video = Self.shown(accounts[index].video)
        }
        for index in requests.indices {
            status.requests[index].host = Self.shown(requests[index].host)
            status.requests[index].status = Self.shown(requests[index].status)
        }
        status.hosts = hosts?.map { host in
            var host = host
            host.host = Self.shown(host.host)
            host.state = Self.shown(host.state)
            host.error = host.error.map(ForeignText.singleLine)
            return host
        }
        status.errors.media = Self.shown(errors.media)
        status.errors.system = Self.shown(errors.system)
        return status
    }

    private static func shown(_ text: String) -> String { ForeignText(text).description }

    private static func shown(_ lists: [String: List]) -> [String: List] {
        Dictionary(
            lists.map { name, list in
                var list = list
                list.state = List.State(rawValue: shown(list.state.rawValue))
                // Several sentences may be in one: they aren't cut.
                list.error = list.error.map(ForeignText.singleLine)
                list.resources = list.resources.map(shown)
                return (shown(name), list)
            }, uniquingKeysWith: { first, _ in first })
    }

    private static func shown(_ counts: [String: Int64]) -> [String: Int64] {
        Dictionary(counts.map { (shown($0), $1) }, uniquingKeysWith: { $0.addingSaturated($1) })
    }
}
