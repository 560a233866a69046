-- Wireshark's view of Blipnet's RTP packets: decodes media between clusters as RTP, and reads our two header extensions
-- (RFC 8285, one-byte form): ID 1, when the packet was sent (64-bit NTP, RFC 6051), and ID 2, the relays that it passed.
--
--     wireshark -X lua_script:docs/blipnet.lua RUN_DIR/pcap/links.pcapng
--
-- docs/wireshark.md says how captures are made, and what the fields are good for.

local NTP_UNIX_EPOCH = 2208988800 -- 1970 in seconds since 1900 (RFC 868)
local NTP_BYTES, MOST_RELAYS = 8, 4
local MEDIA_PORTS = { "40000-40015", "41000-41001", "42000" } -- lanes; canaries and refreshes; clients

-- Protocols of the elements, one for each ID.
local sent = Proto("blipnet", "Blipnet send time")
local path = Proto("blipnet_path", "Blipnet path log")

local at = ProtoField.absolute_time("blipnet.sent", "Sent", base.UTC)
local delay = ProtoField.double("blipnet.delay_ms", "One-way delay until here, ms")
local relay = ProtoField.uint8("blipnet.relay", "Relay", base.DEC)
local hops = ProtoField.uint8("blipnet.relays", "Relays passed", base.DEC)
local way = ProtoField.string("blipnet.path", "Path")
local bad = ProtoExpert.new("blipnet.malformed", "Not the length that Blipnet writes", expert.group.MALFORMED, expert.severity.WARN)

sent.fields = { at, delay }
path.fields = { relay, hops, way }
sent.experts = { bad }
sent.prefs.clusters = Pref.string("Clusters", "", "Names of the clusters in the topology's order, with commas between")

-- As NSTime: the number that Wireshark has of it as well has no room for ns since 1970.
local captured_at = Field.new("frame.time_epoch")

-- The name of a cluster by its ordinal, where the preference has one.
local function cluster(ordinal)
  local number = 0
  for name in string.gmatch(sent.prefs.clusters, "[^,%s]+") do
    number = number + 1
    if number == ordinal then return name end
  end
  return tostring(ordinal)
end

function sent.dissector(buffer, _, tree)
  if buffer:len() ~= NTP_BYTES then
    tree:add_proto_expert_info(bad)
    return
  end
  local seconds = buffer(0, 4):uint()
  if seconds < NTP_UNIX_EPOCH then seconds = seconds + 2 ^ 32 end -- eras (RFC 5905 §6): from 2036 on
  local nanoseconds = math.floor(buffer(4, 4):uint() * 1000000000 / 2 ^ 32 + 0.5)
  if nanoseconds == 1000000000 then seconds, nanoseconds = seconds + 1, 0 end
  local time = NSTime.new(seconds - NTP_UNIX_EPOCH, nanoseconds)
  tree:add(at, buffer(0, NTP_BYTES), time)
  local seen = captured_at()
  if seen then
    local passed = seen.value - time
    tree:add(delay, buffer(0, NTP_BYTES), passed.secs * 1e3 + passed.nsecs / 1e6):set_generated()
  end
end

function path.dissector(buffer, _, tree)
  if buffer:len() ~= MOST_RELAYS then
    tree:add_proto_expert_info(bad)
    return
  end
  local passed = {}
  for index = 0, MOST_RELAYS - 1 do
    local ordinal = buffer(index, 1):uint()
    if ordinal > 0 then
      tree:add(relay, buffer(index, 1)):append_text(" (" .. cluster(ordinal) .. ")")
      passed[#passed + 1] = cluster(ordinal)
    end
  end
  tree:add(hops, buffer(0, MOST_RELAYS), #passed):set_generated()
  tree:add(way, buffer(0, MOST_RELAYS), table.concat(passed, " > ")):set_generated()
end

local elements = DissectorTable.get("rtp.ext.rfc5285.id")
elements:add(1, sent)
elements:add(2, path)

local udp, rtp = DissectorTable.get("udp.port"), Dissector.get("rtp")
for _, ports in ipairs(MEDIA_PORTS) do
  udp:add(ports, rtp)
end
