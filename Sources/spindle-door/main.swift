import NIOCore
import NIOPosix
import NIOHTTP1
import NIOWebSocket
print(NIOSingletons.groupLoopCountSuggestion)
