-- Asks the gate about 1,000 customers of one partner in every request.
-- Arguments: a file of "<partner number> <customer id>" lines, a file of bearer tokens, one a line.
local requests, place = {}, 0

function init(arguments)
  local tokens, questions = {}, {}
  for token in io.lines(arguments[2]) do tokens[#tokens + 1] = token end
  for line in io.lines(arguments[1]) do
    local number, customer = line:match("(%d+) (%S+)")
    local asked = questions[number] or {}
    asked[#asked + 1] = '{"customerId":"' .. customer .. '","action":"new_purchase","channel":"api"}'
    questions[number] = asked
    if #asked == 1000 then
      local headers = { ["Authorization"] = "Bearer " .. tokens[number + 1], ["Content-Type"] = "application/json" }
      local body = '{"decisions":[' .. table.concat(asked, ",") .. "]}"
      requests[#requests + 1] = wrk.format("POST", "/api/gate/decisions:batch", headers, body)
      questions[number] = nil
    end
  end
end

function request()
  place = place % #requests + 1
  return requests[place]
end
