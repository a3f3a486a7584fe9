// Every word that a person reads, in both languages side by side. The braces hold plain JSON, so
// that a test can read it too.
export const WORDS = {
  "devices": {"vi": "Thiết bị", "en": "Devices"},
  "tally": {"vi": "{up}/{all} đang trả lời", "en": "{up} of {all} answering"},
  "show.all": {"vi": "Tất cả", "en": "All"},
  "show.abnormal": {"vi": "Bất thường ({n})", "en": "Abnormal ({n})"},
  "none.abnormal": {"vi": "Không có thiết bị nào bất thường.", "en": "No device is abnormal."},
  "none.events": {"vi": "Chưa có sự kiện nào.", "en": "No events yet."},
  "footer": {
    "vi": "Số liệu đọc trực tiếp từ thiết bị, cập nhật mỗi giây. Trang này chỉ để xem.",
    "en": "Read from the devices themselves, renewed each second. This page only shows."
  },
  "close": {"vi": "Đóng", "en": "Close"},
  "gateway": {"vi": "Gateway {gateway}", "en": "Gateway {gateway}"},

  "ago": {"vi": "{age} trước", "en": "{age} ago"},
  "age.s": {"vi": "{n} s", "en": "{n} s"},
  "age.min": {"vi": "{n} ph", "en": "{n} min"},
  "age.h": {"vi": "{n} giờ", "en": "{n} h"},
  "age.d": {"vi": "{n} ngày", "en": "{n} d"},

  "lamp.live": {"vi": "Số liệu", "en": "Data"},
  "lamp.uplink": {"vi": "Về IOC", "en": "To IOC"},
  "lamp.clock": {"vi": "Đồng hồ", "en": "Clock"},
  "lamp.store": {"vi": "Lưu trữ", "en": "Storage"},
  "unknown": {"vi": "chưa rõ", "en": "unknown"},
  "live.waiting": {"vi": "đang chờ", "en": "waiting"},
  "live.live": {"vi": "trực tiếp", "en": "live"},
  "live.lost": {"vi": "mất", "en": "lost"},
  "uplink.none": {"vi": "chưa khai báo", "en": "not configured"},
  "uplink.up": {"vi": "đã nối", "en": "connected"},
  "uplink.silent": {"vi": "IOC chưa phản hồi", "en": "IOC silent"},
  "uplink.down": {"vi": "mất kết nối", "en": "disconnected"},
  "clock.unknown": {"vi": "chưa chỉnh giờ", "en": "never set"},
  "clock.saved": {"vi": "giờ đã lưu", "en": "saved time"},
  "clock.synced": {"vi": "đồng bộ", "en": "synced"},
  "clock.holdover": {"vi": "tự giữ giờ", "en": "holdover"},
  "store.ok": {"vi": "dùng {percent} %", "en": "{percent} % used"},
  "store.no_limit": {"vi": "dùng {megabytes} MB", "en": "{megabytes} MB used"},
  "store.degraded": {"vi": "lỗi ghi đĩa", "en": "disk fault"},

  "lost": {
    "vi": "Không có số liệu trực tiếp từ {time} ({age}). Các giá trị bên dưới là cũ. Đang nối lại…",
    "en": "No live data since {time} ({age}). The values below are old. Reconnecting…"
  },
  "lost.never": {
    "vi": "Chưa nhận được số liệu từ gateway. Đang nối lại…",
    "en": "No data has come from the gateway. Reconnecting…"
  },

  "device.up": {"vi": "đang trả lời", "en": "answering"},
  "device.down": {"vi": "không đọc được {age}", "en": "not read for {age}"},
  "device.waiting": {"vi": "đang chờ lần đọc đầu", "en": "waiting for the first look"},
  "device.read": {"vi": "đọc {ago}", "en": "read {ago}"},
  "device.points": {"vi": "{n} điểm đo", "en": "{n} points"},
  "device.not_good": {"vi": "{n} không tốt", "en": "{n} not good"},
  "device.every": {"vi": "mỗi {n} s", "en": "every {n} s"},

  "quality.bad": {"vi": "xấu", "en": "bad"},
  "quality.link_down": {"vi": "mất kết nối", "en": "link down"},
  "quality.timeout": {"vi": "không trả lời", "en": "no answer"},
  "quality.device_fault": {"vi": "thiết bị báo lỗi", "en": "device fault"},
  "quality.refused": {"vi": "bị từ chối", "en": "refused"},
  "quality.busy": {"vi": "thiết bị bận", "en": "device busy"},
  "quality.not_a_number": {"vi": "không phải số", "en": "not a number"},
  "quality.unavailable": {"vi": "không có giá trị", "en": "not available"},
  "quality.out_of_range": {"vi": "ngoài khoảng", "en": "out of range"},
  "quality.bad_frame": {"vi": "gói tin sai", "en": "bad frame"},
  "quality.uncertain": {"vi": "không chắc", "en": "uncertain"},
  "quality.stale": {"vi": "giá trị cũ", "en": "stale"},
  "quality.substituted": {"vi": "thay thế", "en": "substituted"},
  "quality.suspect": {"vi": "đáng ngờ", "en": "suspect"},
  "quality.good": {"vi": "tốt", "en": "good"},

  "remedy.link_down": {
    "vi": "Kiểm tra nguồn của thiết bị và bộ chuyển đổi, cáp mạng hoặc cáp RS-485, và địa chỉ.",
    "en": "Check the power of the device and its converter, the network or RS-485 cable, and the address."
  },
  "remedy.timeout": {
    "vi": "Có đường truyền nhưng thiết bị im lặng: kiểm tra số trạm, tốc độ, chẵn lẻ và dây A/B.",
    "en": "The road is there but the device is silent: check unit number, baud, parity and the A/B wires."
  },
  "remedy.device_fault": {
    "vi": "Thiết bị tự báo lỗi: xem màn hình của nó và đầu đo.",
    "en": "The device itself reports a fault: look at its display and its sensor."
  },
  "remedy.refused": {
    "vi": "Thiết bị không biết thanh ghi này: kiểm tra hồ sơ thiết bị đã chọn có đúng kiểu máy không.",
    "en": "The device does not know this register: check that the chosen profile fits the model."
  },
  "remedy.busy": {
    "vi": "Có thể một máy khác cũng đang hỏi thiết bị này, hoặc chu kỳ đọc quá ngắn.",
    "en": "Another master may be asking it too, or it is asked too often."
  },
  "remedy.bad_frame": {
    "vi": "Nhiễu hoặc trùng số trạm trên bus: kiểm tra điện trở đầu cuối, chống nhiễu và số trạm.",
    "en": "Noise, or two devices with one unit number: check termination, screening and unit numbers."
  },

  "bit.on": {"vi": "Bật", "en": "On"},
  "bit.off": {"vi": "Tắt", "en": "Off"},
  "state.unknown": {"vi": "mã {n}", "en": "code {n}"},

  "ioc": {"vi": "IOC đã xác nhận", "en": "What the IOC has confirmed"},
  "ioc.heard": {"vi": "IOC phản hồi {ago}", "en": "IOC heard {ago}"},
  "ioc.never": {"vi": "IOC chưa phản hồi", "en": "IOC never heard"},
  "lane.audit": {"vi": "Kiểm toán", "en": "Audit"},
  "lane.event": {"vi": "Sự kiện", "en": "Events"},
  "lane.interval": {"vi": "Tổng hợp", "en": "Summaries"},
  "lane.raw": {"vi": "Số liệu gốc", "en": "Raw values"},
  "lane.stored": {"vi": "Đã lưu", "en": "Stored"},
  "lane.sent": {"vi": "Đã gửi", "en": "Sent"},
  "lane.confirmed": {"vi": "Xác nhận", "en": "Confirmed"},
  "lane.waiting": {"vi": "Đang chờ", "en": "Waiting"},
  "lane.moved": {"vi": "xác nhận {ago}", "en": "confirmed {ago}"},
  "lane.still": {"vi": "chưa xác nhận lần nào", "en": "none confirmed yet"},
  "lane.empty": {"vi": "chưa có bản tin", "en": "no messages yet"},

  "events": {"vi": "Sự kiện gần đây", "en": "Recent events"},
  "event.device_up": {"vi": "Thiết bị trả lời", "en": "Device up"},
  "event.device_down": {"vi": "Mất thiết bị", "en": "Device down"},
  "event.quality_changed": {"vi": "Chất lượng đổi", "en": "Quality changed"},
  "event.counter_reset": {"vi": "Bộ đếm về không", "en": "Counter reset"},
  "event.counter_rollover": {"vi": "Bộ đếm quay vòng", "en": "Counter rolled over"},
  "event.counter_suspect": {"vi": "Bộ đếm đáng ngờ", "en": "Counter suspect"},
  "event.clock_stepped": {"vi": "Đồng hồ nhảy", "en": "Clock stepped"},
  "event.gateway_started": {"vi": "Gateway khởi động", "en": "Gateway started"},
  "event.gateway_stopped": {"vi": "Gateway dừng", "en": "Gateway stopped"},
  "event.watermark_refused": {"vi": "Từ chối mốc xác nhận", "en": "Watermark refused"},
  "event.history_thinned": {"vi": "Lịch sử được rút gọn", "en": "History thinned"},
  "event.store_degraded": {"vi": "Lưu trữ có lỗi", "en": "Storage degraded"},
  "event.command": {"vi": "Lệnh điều khiển", "en": "Command"},
  "detail.cause": {"vi": "{text}", "en": "{text}"},
  "detail.reason": {"vi": "{text}", "en": "{text}"},
  "detail.down_s": {"vi": "đã mất {text} s", "en": "was down for {text} s"},
  "detail.up_s": {"vi": "trước đó chạy {text} s", "en": "was up for {text} s"},
  "detail.from": {"vi": "từ {text}", "en": "from {text}"},
  "detail.to": {"vi": "thành {text}", "en": "to {text}"},
  "detail.unit": {"vi": "({text})", "en": "({text})"},
  "detail.points": {"vi": "điểm đo: {text}", "en": "points: {text}"},
  "detail.from_ms": {"vi": "từ {text}", "en": "from {text}"},
  "detail.to_ms": {"vi": "thành {text}", "en": "to {text}"},
  "detail.step_ms": {"vi": "lệch {text} ms", "en": "by {text} ms"},
  "detail.lane": {"vi": "luồng {text}", "en": "lane {text}"},
  "detail.version": {"vi": "phiên bản {text}", "en": "version {text}"},

  "trend.loading": {"vi": "Đang đọc 15 phút vừa qua…", "en": "Reading the last 15 minutes…"},
  "trend.failed": {
    "vi": "Không đọc được lịch sử ({reason}). Biểu đồ bắt đầu từ bây giờ.",
    "en": "History could not be read ({reason}). The chart begins now."
  },
  "trend.summary": {
    "vi": "{age} qua: thấp nhất {min}, cao nhất {max}, mới nhất {last}.",
    "en": "Last {age}: lowest {min}, highest {max}, latest {last}."
  },
  "trend.states": {"vi": "{age} qua: mới nhất {last}.", "en": "Last {age}: latest {last}."},
  "trend.none": {"vi": "15 phút vừa qua không có giá trị tốt.", "en": "No good value in the last 15 minutes."},
  "trend.gaps": {
    "vi": "Vùng gạch chéo: không có giá trị tốt, tổng cộng {age}.",
    "en": "Hatched: no good value, {age} in all."
  },
  "trend.doubt": {
    "vi": "Chấm tròn rỗng: giá trị không chắc ({n}).",
    "en": "Hollow dots: uncertain values ({n})."
  },
  "trend.chart": {"vi": "Biểu đồ 15 phút của {name}", "en": "Chart of {name}, 15 minutes"}
};
