import ArgumentParser
import TwilioSimulator

/// Is each member of `Behaviour` as an option.
struct BehaviourOptions: ParsableArguments {
    @Option(help: "Whether voice media honours Range.")
    var voiceRange = Behaviour.RangeSupport.honoured

    @Option(help: "How voice media announces its length.")
    var voiceLength = Behaviour.BodyLength.contentLength

    @Flag(inversion: .prefixedNo, help: "Answer HEAD on voice media; 405 otherwise.")
    var voiceHead = true

    @Option(help: "The status with which voice media is redirected to the media host.")
    var voiceRedirect = Behaviour.VoiceRedirect.none

    @Option(help: ArgumentHelp("Answer 404 to the first requests for a voice recording's media.", valueName: "count"))
    var voiceNotFound = 0

    @Option(help: "Whether the media host honours Range.")
    var mediaRange = Behaviour.RangeSupport.honoured

    @Option(help: "How the media host announces a body's length.")
    var mediaLength = Behaviour.BodyLength.contentLength

    @Option(help: "The names of the members of encryption_details.")
    var encryptionSpelling = Behaviour.EncryptionSpelling.documentation

    @Option(help: "Whether encryption_details is an object or a string with one.")
    var encryptionForm = Behaviour.EncryptionForm.object

    @Option(help: "The scheme of voice recordings' media_url, or null.")
    var mediaAddress = Behaviour.MediaAddress.https

    @Flag(inversion: .prefixedNo, help: "Send the plaintext's size with sealed video media.")
    var unencryptedLength = true

    @Flag(inversion: .prefixedNo, help: "Send the plaintext's MD5 with sealed video media.")
    var unencryptedMD5 = false

    @Option(help: "The version of the encryption client in the metadata of video media.")
    var metadataVersion = Behaviour.MetadataVersion.one

    @Option(help: "The wrapping of content keys in version 2.")
    var wrapAlgorithm = Behaviour.WrapAlgorithm.oaepSHA256

    @Option(help: "The cipher of version 2.")
    var contentAlgorithm = Behaviour.ContentAlgorithm.gcm

    @Option(help: "The meaning of a video resource's size.")
    var videoSize = Behaviour.VideoSize.ciphertext

    @Flag(inversion: .prefixedNo, help: "Send an ETag with media.")
    var etag = true

    @Option(help: ArgumentHelp("The lifetime of presigned URLs, whatever Ttl requests.", valueName: "seconds"))
    var urlLifetime: Int?

    @Option(help: ArgumentHelp("The URL of another server, for presigned URLs.", valueName: "url"))
    var mediaOrigin: String?

    @Option(
        help: ArgumentHelp(
            "The URL of a customer's bucket that resources name; requests for media get 404.", valueName: "url"))
    var bucket: String?

    @Option(help: "The services that accept OAuth tokens.")
    var bearerAcceptance = Behaviour.BearerAcceptance.all

    @Option(help: ArgumentHelp("The lifetime of OAuth tokens.", valueName: "seconds"))
    var tokenLifetime = Behaviour().tokenLifetimeSeconds

    @Option(help: ArgumentHelp("The lifetime that is announced with OAuth tokens.", valueName: "seconds"))
    var announcedTokenLifetime: Int?
    @Flag(inversion: .prefixedNo, help: "Serve video; regions without it answer 404.")
    var video = true

    @Option(help: "The format of the 2010 API's errors.")
    var errorFormat = Behaviour.ErrorFormat.json

    @Option(help: ArgumentHelp("The largest number of resources on a page.", valueName: "count"))
    var pageSizeLimit: Int?

    @Option(help: "The order of the lists of media.")
    var listOrder = Behaviour.ListOrder.newestFirst

    @Option(help: "The meaning of the lists' date filters.")
    var dateFilter = Behaviour.DateFilter.inclusive

    @Option(help: "Whether a page begins after the last resource of the previous page, or at an index.")
    var paging = Behaviour.Paging.token

    @Option(help: "The pages after the last one of a list.")
    var listEnd = Behaviour.ListEnd.proper

    @Option(help: ArgumentHelp("A member that is null in all resources. Repeatable.", valueName: "name"))
    var nullField: [String] = []

    @Option(help: ArgumentHelp("The delay before each answer.", valueName: "milliseconds"))
    var latency = 0

    @Option(help: ArgumentHelp("The limit of body bytes per second and connection.", valueName: "bytes"))
    var bandwidth: Int?

    @Option(help: ArgumentHelp("Answer 429 to API requests beyond this number at once.", valueName: "count"))
    var concurrencyLimit: Int?

    @Option(help: ArgumentHelp("The Retry-After of those answers.", valueName: "seconds"))
    var retryAfter: Int?

    @Option(help: "Whether requests have to be signed: Public Key Client Validation.")
    var clientValidation = Behaviour.ClientValidation.disabled

    /// The behaviour that the options describe.
    var behaviour: Behaviour {
        var behaviour = Behaviour()
        behaviour.voiceRange = voiceRange
        behaviour.voiceLength = voiceLength
        behaviour.voiceHeadSupported = voiceHead
        behaviour.voiceRedirect = voiceRedirect
        behaviour.voiceNotFoundCount = voiceNotFound
        behaviour.mediaRange = mediaRange
        behaviour.mediaLength = mediaLength
        behaviour.encryptionSpelling = encryptionSpelling
        behaviour.encryptionForm = encryptionForm
        behaviour.mediaAddress = mediaAddress
        behaviour.sendsUnencryptedLength = unencryptedLength
        behaviour.sendsUnencryptedMD5 = unencryptedMD5
        behaviour.metadataVersion = metadataVersion
        behaviour.wrapAlgorithm = wrapAlgorithm
        behaviour.contentAlgorithm = contentAlgorithm
        behaviour.videoSize = videoSize
        behaviour.sendsETag = etag
        behaviour.urlLifetimeSeconds = urlLifetime
        behaviour.mediaOrigin = mediaOrigin
        behaviour.bucket = bucket
        behaviour.bearerAcceptance = bearerAcceptance
        behaviour.tokenLifetimeSeconds = tokenLifetime
        behaviour.announcedTokenLifetimeSeconds = announcedTokenLifetime
        behaviour.servesVideo = video
        behaviour.errorFormat = errorFormat
        behaviour.pageSizeLimit = pageSizeLimit
        behaviour.listOrder = listOrder
        behaviour.dateFilter = dateFilter
        behaviour.paging = paging
        behaviour.listEnd = listEnd
        behaviour.nullFields = nullField
        behaviour.latencyMilliseconds = latency
        behaviour.bytesPerSecond = bandwidth
        behaviour.concurrencyLimit = concurrencyLimit
        behaviour.retryAfterSeconds = retryAfter
        behaviour.clientValidation = clientValidation
        return behaviour
    }
}
