-- Asks the gate: another customer in every request, each in the name of its own partner.
-- Arguments: a file of "<partner number> <customer id>" lines, a file of bearer tokens, one a line.
local requests, place = {}, 0

function init(arguments)
  local tokens = {}
  for token in io.lines(arguments[2]) do tokens[#tokens + 1] = token end
  for line in io.lines(arguments[1]) do
    local number, customer = line:match("(%d+) (%S+)")
    local headers = {
      ["Authorization"] = "Bearer " .. tokens[number + 1],
      ["Content-Type"] = "application/json",
    }
    local body = '{"customerId":"' .. customer .. '","action":"new_purchase","channel":"api"}'
    requests[#requests + 1] = wrk.format("POST", "/api/gate/decisions", headers, body)
  end
  math.randomseed(os.time())
  place = math.random(#requests)
end

function request()
  place = place % #requests + 1
  return requests[place]
end
